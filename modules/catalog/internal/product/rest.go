package product

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"app/modules/catalog/internal/status"
	"app/platform/fault"
	"app/platform/operation"
)

// Handlers serve the operations.
type Handlers struct{ service *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

var tags = []string{"Products"}

// Register declares the operations. The handlers lie at the address by the time that a
// request comes.
func Register(api *operation.API, at **Handlers) {
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/products", ID: "create-product", Summary: "List a product", Tags: tags,
		Description: "A manager of the merchant may. Sku, external_id and slug are unique among the merchant's listed products.",
		Access:      operation.Member, Scope: "catalog:write", Rate: operation.RateDefault, Status: http.StatusCreated, Errors: []int{403, 404, 409},
	}, operation.On(at, (*Handlers).createProduct))
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/products", ID: "list-products", Summary: "Find products", Tags: tags,
		Description: "Newest first, or in the order of the collection. Drafts and archived products are left out; members of a merchant " +
			"find its own by status. With merchant_id, sku, external_id and slug find the one product of that name.",
		Access: operation.Public, Rate: operation.RateDefault, Errors: []int{401, 403, 404},
	}, operation.On(at, (*Handlers).listProducts))
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/products/{id}", ID: "get-product", Summary: "Read a product", Tags: tags,
		Description: "A draft is there for members of its merchant only.",
		Access:      operation.Public, Rate: operation.RateDefault, Errors: []int{404},
	}, operation.On(at, (*Handlers).getProduct))
	operation.Register(api, operation.Operation{
		Method: http.MethodPatch, Path: "/v1/products/{id}", ID: "change-product", Summary: "Change a product", Tags: tags,
		Description: "A manager of the merchant may. What is not sent stays as it is. If-Match takes the ETag of the product; units sold in between do not matter.",
		Access:      operation.Member, Scope: "catalog:write", Rate: operation.RateDefault, Errors: []int{403, 404, 409, 412},
	}, operation.On(at, (*Handlers).updateProduct))
	operation.Register(api, operation.Operation{
		Method: http.MethodDelete, Path: "/v1/products/{id}", ID: "archive-product", Summary: "Take a product off sale", Tags: tags,
		Description: "A manager of the merchant may. Orders that hold or bought the product stay as they are, and it is never sold again.",
		Access:      operation.Member, Scope: "catalog:write", Rate: operation.RateDefault, Errors: []int{403, 404, 409, 412},
	}, operation.On(at, (*Handlers).archiveProduct))
}

type productReply struct {
	operation.Tagged
	Body product
}

func taggedReply(p Product, now time.Time) *productReply {
	return &productReply{Tagged: operation.Tagged{ETag: productTag(p, now)}, Body: newBody(p, now)}
}

// productTag changes with everything the reply shows, which includes the units left, and
// with the clock for a draft.
func productTag(p Product, now time.Time) string {
	tag := `"` + strconv.FormatInt(p.Version, 10) + "-" + strconv.FormatInt(p.Stock.Version, 10)
	if is := p.StatusAt(now); is != status.Active {
		tag += "-" + string(is)
	}
	return tag + `"`
}

// productMatch compares If-Match with the product's own version only: units that were
// sold since somebody read the product are no reason to refuse a new title.
func productMatch(c operation.Conditional) Match {
	if c.IfMatch == "" {
		return nil
	}
	return func(version int64) error {
		for tag := range strings.SplitSeq(c.IfMatch, ",") {
			tag = strings.TrimSpace(tag)
			own, _, _ := strings.Cut(tag, "-")
			if tag == "*" || own == `"`+strconv.FormatInt(version, 10) && strings.HasSuffix(tag, `"`) {
				return nil
			}
		}
		return fault.OldVersion.New()
	}
}

type createInput struct{ Body createInputBody }

type createOutput struct {
	operation.Tagged
	Location string `header:"Location" doc:"Where the product is"`
	Body     product
}

func (h *Handlers) createProduct(ctx context.Context, in *createInput) (*createOutput, error) {
	p, err := h.service.Create(ctx, in.Body.toDraft())
	if err != nil {
		return nil, err
	}
	now := h.service.Now()
	return &createOutput{Tagged: operation.Tagged{ETag: productTag(p, now)}, Location: "/v1/products/" + p.ID, Body: newBody(p, now)}, nil
}

type getInput struct {
	ID string `path:"id"`
}

func (h *Handlers) getProduct(ctx context.Context, in *getInput) (*productReply, error) {
	p, err := h.service.ByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return taggedReply(p, h.service.Now()), nil
}

type listInput struct {
	operation.Paging
	Text       string `query:"q" maxLength:"200" doc:"Up to 10 words that title, sku or description must have, in any case"`
	MerchantID string `query:"merchant_id" maxLength:"64" doc:"Products of this merchant only"`
	SKU        string `query:"sku" maxLength:"64" doc:"The merchant's product with this sku, in any spelling that counts as the same"`
	ExternalID string `query:"external_id" maxLength:"64" doc:"The merchant's product with exactly this external_id"`
	Status     string `query:"status" enum:"draft,active,archived" doc:"For members of the merchant: its products of this status"`
	Slug       string `query:"slug" maxLength:"48" doc:"The merchant's product with this slug"`
	CategoryID string `query:"category_id" maxLength:"64" doc:"Products in this category, or in any below it, only"`

	CollectionID string `query:"collection_id" maxLength:"64" doc:"Products in this collection only, in its order"`
}

type listOutput struct{ Body operation.Page[product] }

func (h *Handlers) listProducts(ctx context.Context, in *listInput) (*listOutput, error) {
	after, err := operation.DecodeCursor(in.After, 2)
	if err != nil {
		return nil, err
	}
	found, err := h.service.List(ctx, Query{
		MerchantID: in.MerchantID, Status: status.Status(in.Status), CategoryID: in.CategoryID, CollectionID: in.CollectionID,
		Names: Names{SKU: in.SKU, ExternalID: in.ExternalID, Slug: in.Slug}, Text: in.Text, After: after, Limit: in.Want(),
	})
	if err != nil {
		return nil, err
	}
	page := operation.NewPage(found, in.Limit, Key)
	out := &listOutput{operation.Page[product]{Data: make([]product, len(page.Data)), HasMore: page.HasMore, Next: page.Next}}
	now := h.service.Now()
	for i, p := range page.Data {
		out.Body.Data[i] = newBody(p, now)
	}
	return out, nil
}

type changeInput struct {
	ID string `path:"id"`
	operation.Conditional
	Body changeInputBody
}

func (h *Handlers) updateProduct(ctx context.Context, in *changeInput) (*productReply, error) {
	p, err := h.service.Change(ctx, in.ID, productMatch(in.Conditional), in.Body.toChange())
	if err != nil {
		return nil, err
	}
	return taggedReply(p, h.service.Now()), nil
}

type archiveInput struct {
	ID string `path:"id"`
	operation.Conditional
}

func (h *Handlers) archiveProduct(ctx context.Context, in *archiveInput) (*struct{}, error) {
	return nil, h.service.Archive(ctx, in.ID, productMatch(in.Conditional))
}
