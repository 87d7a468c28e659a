package collection

import (
	"context"
	"net/http"
	"strings"
	"time"

	"app/platform/operation"
)

// Handlers serve the operations.
type Handlers struct{ service *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

var tags = []string{"Collections"}

// Register declares the operations. The handlers lie at the address by the time that a
// request comes.
func Register(api *operation.API, at **Handlers) {
	const all, one = "/v1/collections", "/v1/collections/{id}"
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: all, ID: "list-collections", Summary: "Find collections", Tags: tags,
		Description: "Newest first.", Access: operation.Public, Rate: operation.RateDefault,
	}, operation.On(at, (*Handlers).listCollections))
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: one, ID: "get-collection", Summary: "Read a collection", Tags: tags,
		Description: "Its products are those of GET /v1/products with its id in collection_id.",
		Access:      operation.Public, Rate: operation.RateDefault, Errors: []int{404},
	}, operation.On(at, (*Handlers).getCollection))
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: all, ID: "create-collection", Summary: "Make a collection", Tags: tags,
		Description: "A manager of the merchant may. The slug is unique among the merchant's collections.",
		Access:      operation.Member, Scope: "catalog:write", Rate: operation.RateDefault, Status: http.StatusCreated,
		Errors: []int{403, 404, 409},
	}, operation.On(at, (*Handlers).createCollection))
	change := operation.Operation{
		Method: http.MethodPatch, Path: one, ID: "change-collection", Summary: "Change a collection", Tags: tags,
		Description: "A manager of the merchant may. What is not sent stays as it is.",
		Access:      operation.Member, Scope: "catalog:write", Rate: operation.RateDefault, Errors: []int{403, 404, 409, 412},
	}
	operation.Register(api, change, operation.On(at, (*Handlers).changeCollection))
	remove, put := change, change
	remove.Method, remove.ID, remove.Summary = http.MethodDelete, "delete-collection", "Remove a collection"
	remove.Description = "A manager of the merchant may. The products stay as they are."
	operation.Register(api, remove, operation.On(at, (*Handlers).deleteCollection))
	put.Method, put.ID, put.Path, put.Summary = http.MethodPut, "put-collection-products", one+"/products", "Say what is in a collection"
	put.Description = "A manager of the merchant may. The collection has these products afterwards, in this order, and no others."
	operation.Register(api, put, operation.On(at, (*Handlers).putProducts))
}

// Body is a collection as anyone sees it.
type Body = collection

// collection has the name of its schema in the public document: clients are generated
// from it.
type collection struct {
	ID         string    `json:"id" example:"col_01kan4v6e8fx2s1gq0vj5t3x7c"`
	MerchantID string    `json:"merchant_id" example:"mrc_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Name       string    `json:"name"`
	Slug       string    `json:"slug" doc:"Unique among the merchant's collections"`
	CreatedAt  time.Time `json:"created_at"`
}

func renderCollection(c Collection) collection {
	return collection{ID: c.ID, MerchantID: c.MerchantID, Name: c.Name, Slug: c.Slug, CreatedAt: c.CreatedAt}
}

type collectionReply struct {
	operation.Tagged
	Body collection
}

func replyWithCollection(c Collection, err error) (*collectionReply, error) {
	if err != nil {
		return nil, err
	}
	return &collectionReply{operation.Tagged{ETag: operation.ETag(c.Version)}, renderCollection(c)}, nil
}

type listCollectionsInput struct {
	operation.Paging
	MerchantID string `query:"merchant_id" maxLength:"64" doc:"Collections of this merchant only"`
}

type listCollectionsReply struct{ Body operation.Page[collection] }

func (h *Handlers) listCollections(ctx context.Context, in *listCollectionsInput) (*listCollectionsReply, error) {
	after, err := operation.DecodeCursor(in.After, 1)
	if err != nil {
		return nil, err
	}
	found, err := h.service.List(ctx, Query{MerchantID: in.MerchantID, Before: strings.Join(after, ""), Limit: in.Want()})
	if err != nil {
		return nil, err
	}
	out := make([]collection, len(found))
	for i, c := range found {
		out[i] = renderCollection(c)
	}
	return &listCollectionsReply{operation.NewPage(out, in.Limit, func(c collection) []string { return []string{c.ID} })}, nil
}

type getCollectionInput struct {
	ID string `path:"id"`
}

func (h *Handlers) getCollection(ctx context.Context, in *getCollectionInput) (*collectionReply, error) {
	return replyWithCollection(h.service.ByID(ctx, in.ID))
}

// createCollectionBody is what a client sends to make a collection.
type createCollectionBody struct {
	MerchantID string `json:"merchant_id"`
	Name       string `json:"name" minLength:"1" maxLength:"200"`
	Slug       string `json:"slug" minLength:"3" maxLength:"48" example:"summer-sale" doc:"Lower-case letters and digits with single hyphens between"`
}

func (b createCollectionBody) toDraft() Draft { return Draft(b) }

type createCollectionInput struct{ Body createCollectionBody }

type createCollectionReply struct {
	operation.Tagged
	Location string `header:"Location" doc:"Where the collection is"`
	Body     collection
}

func (h *Handlers) createCollection(ctx context.Context, in *createCollectionInput) (*createCollectionReply, error) {
	c, err := h.service.Create(ctx, in.Body.toDraft())
	if err != nil {
		return nil, err
	}
	tag := operation.Tagged{ETag: operation.ETag(c.Version)}
	return &createCollectionReply{tag, "/v1/collections/" + c.ID, renderCollection(c)}, nil
}

// changeCollectionBody is what a client sends to change a collection. What it leaves out
// stays.
type changeCollectionBody struct {
	Name *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Slug *string `json:"slug,omitempty" minLength:"3" maxLength:"48"`
}

func (b changeCollectionBody) toChange() Change { return Change(b) }

type changeCollectionInput struct {
	ID string `path:"id"`
	operation.Conditional
	Body changeCollectionBody
}

func (h *Handlers) changeCollection(ctx context.Context, in *changeCollectionInput) (*collectionReply, error) {
	return replyWithCollection(h.service.Change(ctx, in.ID, in.Match, in.Body.toChange()))
}

type deleteCollectionInput struct {
	ID string `path:"id"`
	operation.Conditional
}

func (h *Handlers) deleteCollection(ctx context.Context, in *deleteCollectionInput) (*struct{}, error) {
	return nil, h.service.Delete(ctx, in.ID, in.Match)
}

type putProductsInput struct {
	ID string `path:"id"`
	operation.Conditional
	Body struct {
		ProductIDs []string `json:"product_ids" maxItems:"500" doc:"Products of the merchant, in the order in which they are shown"`
	}
}

func (h *Handlers) putProducts(ctx context.Context, in *putProductsInput) (*collectionReply, error) {
	return replyWithCollection(h.service.SetProducts(ctx, in.ID, in.Match, in.Body.ProductIDs))
}
