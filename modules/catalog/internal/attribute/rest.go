package attribute

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"app/modules/catalog/internal/product"
	"app/platform/operation"
)

// Handlers serve the operations.
type Handlers struct{ service *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

var tags = []string{"Attributes"}

// Register declares the operations. The handlers lie at the address by the time that a
// request comes.
func Register(api *operation.API, at **Handlers) {
	const all, one = "/v1/attributes", "/v1/attributes/{id}"
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: all, ID: "list-attributes", Summary: "List attributes", Tags: tags,
		Description: "Those of the shop, or with merchant_id those of the merchant. Oldest first.",
		Access:      operation.Public, Rate: operation.RateDefault,
	}, operation.On(at, (*Handlers).listAttributes))
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: one, ID: "get-attribute", Summary: "Read an attribute", Tags: tags,
		Access: operation.Public, Rate: operation.RateDefault, Errors: []int{404},
	}, operation.On(at, (*Handlers).getAttribute))
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: all, ID: "create-attribute", Summary: "Declare an attribute", Tags: tags,
		Description: "A manager of the merchant may, or an administrator for the shop. Code and kind never change. " +
			"Where the shop and a merchant have one with the same code, a product of the merchant has the merchant's.",
		Access: operation.Member, Scope: "catalog:write", Rate: operation.RateDefault, Status: http.StatusCreated,
		Errors: []int{403, 404, 409},
	}, operation.On(at, (*Handlers).createAttribute))
	operation.Register(api, operation.Operation{
		Method: http.MethodPatch, Path: one, ID: "change-attribute", Summary: "Change an attribute", Tags: tags,
		Description: "Whoever may declare it may. What is not sent stays as it is. A choice that listed products have stays.",
		Access:      operation.Member, Scope: "catalog:write", Rate: operation.RateDefault, Errors: []int{403, 404, 409, 412},
	}, operation.On(at, (*Handlers).changeAttribute))
	operation.Register(api, operation.Operation{
		Method: http.MethodPut, Path: "/v1/products/{id}/attributes", ID: "put-product-attributes", Summary: "Give a product its attributes",
		Tags: tags, Description: "A manager of the merchant may. The product has these values afterwards and no others, 50 at most. " +
			"Each is sent by the code of its attribute: a text, a number of at most 12 digits before the point and 6 behind it, " +
			"true or false, or a choice.",
		Access: operation.Member, Scope: "catalog:write", Rate: operation.RateDefault, Errors: []int{403, 404, 409, 412},
	}, operation.On(at, (*Handlers).putProductAttributes))
}

// Body is an attribute as anyone sees it.
type Body = attribute

// attribute has the name of its schema in the public document: clients are generated
// from it.
type attribute struct {
	ID         string    `json:"id" example:"att_01kan4v6e8fx2s1gq0vj5t3x7c"`
	MerchantID string    `json:"merchant_id,omitempty" doc:"Left out for an attribute of the shop"`
	Code       string    `json:"code" doc:"What values are given under"`
	Name       string    `json:"name"`
	Kind       string    `json:"kind" enum:"text,number,bool,choice"`
	Choices    []string  `json:"choices" doc:"The values that there are, of the kind choice only"`
	Unit       string    `json:"unit,omitempty" doc:"Of numbers"`
	Filterable bool      `json:"filterable" doc:"Whether shoppers may want to filter by it"`
	CreatedAt  time.Time `json:"created_at"`
}

func renderAttribute(a Attribute) attribute {
	return attribute{
		ID: a.ID, MerchantID: a.MerchantID, Code: a.Code, Name: a.Name, Kind: string(a.Kind), Choices: append([]string{}, a.Choices...),
		Unit: a.Unit, Filterable: a.Filterable, CreatedAt: a.CreatedAt,
	}
}

type attributeReply struct {
	operation.Tagged
	Body attribute
}

func replyWithAttribute(a Attribute, err error) (*attributeReply, error) {
	if err != nil {
		return nil, err
	}
	return &attributeReply{operation.Tagged{ETag: operation.ETag(a.Version)}, renderAttribute(a)}, nil
}

type listAttributesInput struct {
	operation.Paging
	MerchantID string `query:"merchant_id" maxLength:"64" doc:"Attributes of this merchant; those of the shop unless sent"`
}

type listAttributesReply struct{ Body operation.Page[attribute] }

func (h *Handlers) listAttributes(ctx context.Context, in *listAttributesInput) (*listAttributesReply, error) {
	after, err := operation.DecodeCursor(in.After, 1)
	if err != nil {
		return nil, err
	}
	found, err := h.service.List(ctx, Query{MerchantID: in.MerchantID, After: strings.Join(after, ""), Limit: in.Want()})
	if err != nil {
		return nil, err
	}
	out := make([]attribute, len(found))
	for i, a := range found {
		out[i] = renderAttribute(a)
	}
	return &listAttributesReply{operation.NewPage(out, in.Limit, func(a attribute) []string { return []string{a.ID} })}, nil
}

type getAttributeInput struct {
	ID string `path:"id"`
}

func (h *Handlers) getAttribute(ctx context.Context, in *getAttributeInput) (*attributeReply, error) {
	return replyWithAttribute(h.service.ByID(ctx, in.ID))
}

// createAttributeBody is what a client sends to declare an attribute.
type createAttributeBody struct {
	MerchantID string   `json:"merchant_id,omitempty" maxLength:"64" doc:"Left out for an attribute of the shop"`
	Code       string   `json:"code" pattern:"^[a-z][a-z0-9_]*$" minLength:"1" maxLength:"40" example:"material"`
	Name       string   `json:"name" minLength:"1" maxLength:"200"`
	Kind       string   `json:"kind" enum:"text,number,bool,choice"`
	Choices    []string `json:"choices,omitempty" maxItems:"100" doc:"For the kind choice: 1 to 64 characters each"`
	Unit       string   `json:"unit,omitempty" maxLength:"16" example:"cm" doc:"For numbers"`
	Filterable bool     `json:"filterable,omitempty"`
}

func (b createAttributeBody) toDraft() Draft {
	return Draft{
		MerchantID: b.MerchantID, Code: b.Code, Name: b.Name, Kind: Kind(b.Kind), Choices: b.Choices, Unit: b.Unit, Filterable: b.Filterable,
	}
}

type createAttributeInput struct{ Body createAttributeBody }

type createAttributeReply struct {
	operation.Tagged
	Location string `header:"Location" doc:"Where the attribute is"`
	Body     attribute
}

func (h *Handlers) createAttribute(ctx context.Context, in *createAttributeInput) (*createAttributeReply, error) {
	a, err := h.service.Create(ctx, in.Body.toDraft())
	if err != nil {
		return nil, err
	}
	tag := operation.Tagged{ETag: operation.ETag(a.Version)}
	return &createAttributeReply{tag, "/v1/attributes/" + a.ID, renderAttribute(a)}, nil
}

// changeAttributeBody is what a client sends to change an attribute. What it leaves out
// stays.
type changeAttributeBody struct {
	Name       *string   `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Choices    *[]string `json:"choices,omitempty" maxItems:"100" doc:"All that there are to be"`
	Unit       *string   `json:"unit,omitempty" maxLength:"16"`
	Filterable *bool     `json:"filterable,omitempty"`
}

func (b changeAttributeBody) toChange() Change { return Change(b) }

type changeAttributeInput struct {
	ID string `path:"id"`
	operation.Conditional
	Body changeAttributeBody
}

func (h *Handlers) changeAttribute(ctx context.Context, in *changeAttributeInput) (*attributeReply, error) {
	return replyWithAttribute(h.service.Change(ctx, in.ID, in.Match, in.Body.toChange()))
}

type putAttributesInput struct {
	ID string `path:"id"`
	operation.Conditional
	Body map[string]json.RawMessage
}

func (h *Handlers) putProductAttributes(ctx context.Context, in *putAttributesInput) (*product.Reply, error) {
	p, err := h.service.Assign(ctx, Assignment{ProductID: in.ID, Values: in.Body, Match: product.MatchOf(in.Conditional)})
	if err != nil {
		return nil, err
	}
	return product.ReplyWith(p, h.service.Now()), nil
}
