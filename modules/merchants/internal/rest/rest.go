// Package rest publishes the module's operations.
package rest

import (
	"context"
	"net/http"
	"time"

	"app/modules/merchants/internal/reason"
	"app/modules/merchants/internal/service"
	"app/modules/merchants/merchantsv1"
	"app/platform/operation"
)

// Handlers answer requests with what a service does.
type Handlers struct{ service *service.Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *service.Service) *Handlers { return &Handlers{s} }

// Register declares the operations, for the handlers that will lie at h when the module
// is open.
func Register(api *operation.API, h **Handlers) {
	op := func(access operation.Access, method, path, id, summary string) operation.Operation {
		return operation.Operation{
			Method: method, Path: path, ID: id, Summary: summary, Access: access, Rate: operation.RateDefault, Tags: []string{"Merchants"},
		}
	}
	created := func(op operation.Operation) operation.Operation { op.Status = http.StatusCreated; return op }
	const one = "/v1/merchants/{id}"
	operation.Register(api, created(op(operation.User, http.MethodPost, "/v1/merchants", "open-merchant", "Open a merchant account; the caller becomes its owner")), operation.On(h, (*Handlers).openMerchant))
	operation.Register(api, op(operation.User, http.MethodGet, "/v1/merchants", "list-own-merchants", "List the merchants the caller is a member of"), operation.On(h, (*Handlers).listOwnMerchants))
	operation.Register(api, op(operation.Optional, http.MethodGet, one, "get-merchant", "Read a merchant's profile"), operation.On(h, (*Handlers).getMerchant))
	operation.Register(api, op(operation.Member, http.MethodPatch, one, "update-merchant", "Change a merchant's profile, as an owner"), operation.On(h, (*Handlers).updateMerchant))
	operation.Register(api, op(operation.Admin, http.MethodPost, one+"/approve", "approve-merchant", "Let a merchant sell"), operation.On(h, (*Handlers).approveMerchant))
	registerMembers(api, h)
	registerInvitations(api, h)
	registerAPIKeys(api, h)
	api.Problems(reason.All()...)
}

// Merchant is a merchant as the caller may see it.
type Merchant struct {
	ID          string    `json:"id" example:"mrc_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Slug        string    `json:"slug" example:"analytical-engines"`
	Name        string    `json:"name" example:"Analytical Engines"`
	Description string    `json:"description"`
	Status      string    `json:"status" enum:"pending,approved" doc:"Only an approved merchant may sell"`
	Role        string    `json:"role,omitempty" enum:"owner,manager,viewer" doc:"The caller's, for members"`
	CreatedAt   time.Time `json:"created_at"`
}

func renderMerchant(v service.View) Merchant {
	m := v.Merchant
	return Merchant{ID: m.ID, Slug: m.Slug, Name: m.Name, Description: m.Description, Status: string(m.Status), Role: service.RoleName(v.Role), CreatedAt: m.CreatedAt}
}

var roles = map[string]merchantsv1.Role{
	"viewer": merchantsv1.Role_ROLE_VIEWER, "manager": merchantsv1.Role_ROLE_MANAGER, "owner": merchantsv1.Role_ROLE_OWNER,
}

type merchantReply struct {
	operation.Tagged
	Location string `header:"Location"`
	Body     Merchant
}

func toMerchantReply(v service.View, err error) (*merchantReply, error) {
	if err != nil {
		return nil, err
	}
	return &merchantReply{Tagged: operation.Tagged{ETag: operation.ETag(v.Version)}, Body: renderMerchant(v)}, nil
}

type openRequest struct {
	Body struct {
		Name        string `json:"name" minLength:"1" maxLength:"200" example:"Analytical Engines"`
		Slug        string `json:"slug,omitempty" maxLength:"48" doc:"Made from the name when not sent"`
		Description string `json:"description,omitempty" maxLength:"5000"`
	}
}

func (h *Handlers) openMerchant(ctx context.Context, in *openRequest) (*merchantReply, error) {
	out, err := toMerchantReply(h.service.Open(ctx, service.Draft{Name: in.Body.Name, Slug: in.Body.Slug, Description: in.Body.Description}))
	if err == nil {
		out.Location = "/v1/merchants/" + out.Body.ID
	}
	return out, err
}

type mineReply struct{ Body operation.Page[Merchant] }

func (h *Handlers) listOwnMerchants(ctx context.Context, in *operation.Paging) (*mineReply, error) {
	after, err := operation.DecodeCursor(in.After, 1)
	if err != nil {
		return nil, err
	}
	found, err := h.service.Mine(ctx, cursorStart(after), in.Want())
	if err != nil {
		return nil, err
	}
	out := make([]Merchant, len(found))
	for i, m := range found {
		out[i] = renderMerchant(service.View{Merchant: m})
	}
	return &mineReply{operation.NewPage(out, in.Limit, func(m Merchant) []string { return []string{m.ID} })}, nil
}

// cursorStart is where a list goes on, empty for its beginning.
func cursorStart(cursor []string) string {
	if len(cursor) == 0 {
		return ""
	}
	return cursor[0]
}

type idRequest struct {
	ID string `path:"id"`
}

func (h *Handlers) getMerchant(ctx context.Context, in *idRequest) (*merchantReply, error) {
	return toMerchantReply(h.service.ByID(ctx, in.ID))
}

func (h *Handlers) approveMerchant(ctx context.Context, in *idRequest) (*merchantReply, error) {
	return toMerchantReply(h.service.Approve(ctx, in.ID))
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
	return toMerchantReply(h.service.Update(ctx, in.ID, service.Change{Name: in.Body.Name, Description: in.Body.Description, Match: in.Match}))
}
