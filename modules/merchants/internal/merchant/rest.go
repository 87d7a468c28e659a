package merchant

import (
	"context"
	"net/http"
	"strings"
	"time"

	"app/modules/merchants/internal/member"
	"app/platform/operation"
)

// Handlers answer requests about merchants.
type Handlers struct{ merchants *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

// Register declares the operations, for the handlers that will lie at the address when
// the module is open.
func Register(api *operation.API, at **Handlers) {
	op := func(access operation.Access, method, path, id, summary string) operation.Operation {
		return operation.Operation{
			Method: method, Path: path, ID: id, Summary: summary, Access: access, Rate: operation.RateDefault, Tags: []string{"Merchants"},
		}
	}
	const all, one = "/v1/merchants", "/v1/merchants/{id}"
	open := op(operation.User, http.MethodPost, all, "open-merchant", "Open a merchant account; the caller becomes its owner")
	open.Status = http.StatusCreated
	operation.Register(api, open, operation.On(at, (*Handlers).openMerchant))
	operation.Register(api, op(operation.User, http.MethodGet, all, "list-own-merchants", "List the merchants the caller is a member of"),
		operation.On(at, (*Handlers).listOwnMerchants))
	operation.Register(api, op(operation.Optional, http.MethodGet, one, "get-merchant", "Read a merchant's profile"),
		operation.On(at, (*Handlers).getMerchant))
	update := op(operation.Member, http.MethodPatch, one, "update-merchant", "Change a merchant's profile, as an owner")
	update.Errors = []int{http.StatusForbidden}
	operation.Register(api, update, operation.On(at, (*Handlers).updateMerchant))
	operation.Register(api, op(operation.Admin, http.MethodPost, one+"/approve", "approve-merchant", "Let a merchant sell"),
		operation.On(at, (*Handlers).approveMerchant))
}

// Body is a merchant as the caller may see it.
type Body = merchant

// merchant has the name of its schema in the public document: clients are generated
// from it.
type merchant struct {
	ID          string    `json:"id" example:"mrc_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Slug        string    `json:"slug" example:"analytical-engines"`
	Name        string    `json:"name" example:"Analytical Engines"`
	Description string    `json:"description"`
	Status      string    `json:"status" enum:"pending,approved" doc:"Only an approved merchant may sell"`
	Role        string    `json:"role,omitempty" enum:"owner,manager,viewer" doc:"The caller's, for members"`
	CreatedAt   time.Time `json:"created_at"`
}

func renderView(v View) merchant {
	return merchant{
		ID: v.ID, Slug: v.Slug, Name: v.Name, Description: v.Description, Status: string(v.Status), Role: member.RoleName(v.Role),
		CreatedAt: v.CreatedAt,
	}
}

type merchantReply struct {
	operation.Tagged
	Location string `header:"Location"`
	Body     merchant
}

func toMerchantReply(v View, err error) (*merchantReply, error) {
	if err != nil {
		return nil, err
	}
	return &merchantReply{Tagged: operation.Tagged{ETag: operation.ETag(v.Version)}, Body: renderView(v)}, nil
}

type openRequest struct {
	Body struct {
		Name        string `json:"name" minLength:"1" maxLength:"200" example:"Analytical Engines"`
		Slug        string `json:"slug,omitempty" maxLength:"48" doc:"Made from the name when not sent"`
		Description string `json:"description,omitempty" maxLength:"5000"`
	}
}

func (h *Handlers) openMerchant(ctx context.Context, in *openRequest) (*merchantReply, error) {
	out, err := toMerchantReply(h.merchants.Open(ctx, Draft{Name: in.Body.Name, Slug: in.Body.Slug, Description: in.Body.Description}))
	if err == nil {
		out.Location = "/v1/merchants/" + out.Body.ID
	}
	return out, err
}

type mineReply struct{ Body operation.Page[merchant] }

func (h *Handlers) listOwnMerchants(ctx context.Context, in *operation.Paging) (*mineReply, error) {
	after, err := operation.DecodeCursor(in.After, 1)
	if err != nil {
		return nil, err
	}
	found, err := h.merchants.Mine(ctx, strings.Join(after, ""), in.Want())
	if err != nil {
		return nil, err
	}
	out := make([]merchant, len(found))
	for i, m := range found {
		out[i] = renderView(View{Merchant: m})
	}
	return &mineReply{operation.NewPage(out, in.Limit, func(m merchant) []string { return []string{m.ID} })}, nil
}

type idRequest struct {
	ID string `path:"id"`
}

func (h *Handlers) getMerchant(ctx context.Context, in *idRequest) (*merchantReply, error) {
	return toMerchantReply(h.merchants.ByID(ctx, in.ID))
}

func (h *Handlers) approveMerchant(ctx context.Context, in *idRequest) (*merchantReply, error) {
	return toMerchantReply(h.merchants.Approve(ctx, in.ID))
}

type updateRequest struct {
	operation.Conditional
	ID   string `path:"id"`
	Body struct {
		Name        *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Description *string `json:"description,omitempty" maxLength:"5000"`
	}
}

func (h *Handlers) updateMerchant(ctx context.Context, in *updateRequest) (*merchantReply, error) {
	return toMerchantReply(h.merchants.Update(ctx, in.ID, Change{Name: in.Body.Name, Description: in.Body.Description, Match: in.Match}))
}
