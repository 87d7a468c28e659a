package category

import (
	"context"
	"net/http"
	"time"

	"app/modules/catalog/internal/product"
	"app/platform/operation"
)

// Handlers serve the operations.
type Handlers struct{ service *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

var tags = []string{"Categories"}

// Register declares the operations. The handlers lie at the address by the time that a
// request comes.
func Register(api *operation.API, at **Handlers) {
	const all, one = "/v1/categories", "/v1/categories/{id}"
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: all, ID: "list-categories", Summary: "Read the tree of categories", Tags: tags,
		Description: "All of them, at most 1,000, each before those below it, and those with one parent in the order of their positions.",
		Access:      operation.Public, Rate: operation.RateDefault,
	}, operation.On(at, (*Handlers).listCategories))
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: one, ID: "get-category", Summary: "Read a category", Tags: tags,
		Access: operation.Public, Rate: operation.RateDefault, Errors: []int{404},
	}, operation.On(at, (*Handlers).getCategory))
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: all, ID: "create-category", Summary: "Add a category", Tags: tags,
		Description: "An administrator of the shop may. The tree has up to 1,000 categories and is up to 6 deep.",
		Access:      operation.Admin, Rate: operation.RateDefault, Status: http.StatusCreated, Errors: []int{409},
	}, operation.On(at, (*Handlers).createCategory))
	operation.Register(api, operation.Operation{
		Method: http.MethodPatch, Path: one, ID: "change-category", Summary: "Change a category", Tags: tags,
		Description: "An administrator of the shop may. What is not sent stays as it is. " +
			"With another parent_id all that is below moves too.",
		Access: operation.Admin, Rate: operation.RateDefault, Errors: []int{404, 409, 412},
	}, operation.On(at, (*Handlers).changeCategory))
	operation.Register(api, operation.Operation{
		Method: http.MethodDelete, Path: one, ID: "delete-category", Summary: "Remove an empty category", Tags: tags,
		Description: "An administrator of the shop may. There must be neither categories below it nor products in it.",
		Access:      operation.Admin, Rate: operation.RateDefault, Errors: []int{404, 409, 412},
	}, operation.On(at, (*Handlers).deleteCategory))
	operation.Register(api, operation.Operation{
		Method: http.MethodPut, Path: "/v1/products/{id}/categories", ID: "put-product-categories",
		Summary: "Put a product into categories", Tags: tags,
		Description: "A manager of the merchant may. The product is in these categories afterwards, in this order, and in no others.",
		Access:      operation.Member, Scope: "catalog:write", Rate: operation.RateDefault, Errors: []int{403, 404, 409, 412},
	}, operation.On(at, (*Handlers).putProductCategories))
}

// Body is a category as anyone sees it.
type Body = category

// category has the name of its schema in the public document: clients are generated
// from it.
type category struct {
	ID        string    `json:"id" example:"cat_01kan4v6e8fx2s1gq0vj5t3x7c"`
	ParentID  string    `json:"parent_id,omitempty" doc:"Left out at the top"`
	Path      []string  `json:"path" doc:"The ids from the top down to the category itself"`
	Name      string    `json:"name"`
	Slug      string    `json:"slug" doc:"Unique among the categories with one parent"`
	Position  int64     `json:"position" doc:"Orders categories with one parent, the lowest first"`
	CreatedAt time.Time `json:"created_at"`
}

func renderCategory(c Category) category {
	return category{
		ID: c.ID, ParentID: c.ParentID, Path: idsOfPath(c.Path), Name: c.Name, Slug: c.Slug, Position: c.Position, CreatedAt: c.CreatedAt,
	}
}

type categoryReply struct {
	operation.Tagged
	Body category
}

func replyWithCategory(c Category, err error) (*categoryReply, error) {
	if err != nil {
		return nil, err
	}
	return &categoryReply{operation.Tagged{ETag: operation.ETag(c.Version)}, renderCategory(c)}, nil
}

type treeReply struct{ Body operation.Page[category] }

func (h *Handlers) listCategories(ctx context.Context, _ *struct{}) (*treeReply, error) {
	all, err := h.service.Tree(ctx)
	if err != nil {
		return nil, err
	}
	out := &treeReply{operation.Page[category]{Data: make([]category, len(all))}}
	for i, c := range all {
		out.Body.Data[i] = renderCategory(c)
	}
	return out, nil
}

type getCategoryInput struct {
	ID string `path:"id"`
}

func (h *Handlers) getCategory(ctx context.Context, in *getCategoryInput) (*categoryReply, error) {
	return replyWithCategory(h.service.ByID(ctx, in.ID))
}

// createCategoryBody is what a client sends to add a category.
type createCategoryBody struct {
	ParentID string `json:"parent_id,omitempty" maxLength:"64" doc:"Left out at the top"`
	Name     string `json:"name" minLength:"1" maxLength:"200"`
	Slug     string `json:"slug" minLength:"3" maxLength:"48" example:"garden-chairs" doc:"Lower-case letters and digits with single hyphens between"`
	Position int64  `json:"position,omitempty" minimum:"0" maximum:"1000000" doc:"0 unless sent"`
}

func (b createCategoryBody) toDraft() Draft { return Draft(b) }

type createCategoryInput struct{ Body createCategoryBody }

type createCategoryReply struct {
	operation.Tagged
	Location string `header:"Location" doc:"Where the category is"`
	Body     category
}

func (h *Handlers) createCategory(ctx context.Context, in *createCategoryInput) (*createCategoryReply, error) {
	c, err := h.service.Create(ctx, in.Body.toDraft())
	if err != nil {
		return nil, err
	}
	tag := operation.Tagged{ETag: operation.ETag(c.Version)}
	return &createCategoryReply{tag, "/v1/categories/" + c.ID, renderCategory(c)}, nil
}

// changeCategoryBody is what a client sends to change a category. What it leaves out
// stays.
type changeCategoryBody struct {
	ParentID *string `json:"parent_id,omitempty" maxLength:"64" doc:"Empty for the top"`
	Name     *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Slug     *string `json:"slug,omitempty" minLength:"3" maxLength:"48"`
	Position *int64  `json:"position,omitempty" minimum:"0" maximum:"1000000"`
}

func (b changeCategoryBody) toChange() Change { return Change(b) }

type changeCategoryInput struct {
	ID string `path:"id"`
	operation.Conditional
	Body changeCategoryBody
}

func (h *Handlers) changeCategory(ctx context.Context, in *changeCategoryInput) (*categoryReply, error) {
	return replyWithCategory(h.service.Change(ctx, in.ID, in.Match, in.Body.toChange()))
}

type deleteCategoryInput struct {
	ID string `path:"id"`
	operation.Conditional
}

func (h *Handlers) deleteCategory(ctx context.Context, in *deleteCategoryInput) (*struct{}, error) {
	return nil, h.service.Delete(ctx, in.ID, in.Match)
}

type putCategoriesInput struct {
	ID string `path:"id"`
	operation.Conditional
	Body struct {
		CategoryIDs []string `json:"category_ids" maxItems:"20" doc:"The first one is where the product belongs most"`
	}
}

func (h *Handlers) putProductCategories(ctx context.Context, in *putCategoriesInput) (*product.Reply, error) {
	p, err := h.service.Assign(ctx, Assignment{
		ProductID: in.ID, CategoryIDs: in.Body.CategoryIDs, Match: product.MatchOf(in.Conditional),
	})
	if err != nil {
		return nil, err
	}
	return product.ReplyWith(p, h.service.Now()), nil
}
