package rest

import (
	"context"
	"net/http"
	"time"

	"app/modules/merchants/internal/service"
	"app/modules/merchants/internal/store"
	"app/platform/fault"
	"app/platform/operation"
)

// registerMembers declares who may act for a merchant, and how they come and go.
func registerMembers(api *operation.API, h **Handlers) {
	op := operation.Operation{Path: "/v1/merchants/{id}/members", Access: operation.Member, Rate: operation.RateDefault, Tags: []string{"Members"}}
	list, set, remove, withdraw := op, op, op, op
	list.Method, list.ID, list.Summary = http.MethodGet, "list-members", "List a merchant's members"
	list.Description = "Owners see invitations that wait for an answer as well, before the members."
	set.Method, set.ID, set.Status, set.Summary = http.MethodPost, "set-member", http.StatusAccepted, "Invite somebody, or change a member's role, as an owner"
	set.Description = "With email a letter asks whether they want to act for the merchant; the answer is 202 and the same for every address. With the " +
		"user_id of a member it changes their role; the answer is 201."
	remove.Method, remove.ID, remove.Summary = http.MethodDelete, "remove-member", "Remove a member, as an owner, or leave"
	remove.Path, remove.Status = remove.Path+"/{user_id}", http.StatusOK
	remove.Description = "The user_id me is the caller's. Invitations that the member sent are withdrawn. API keys that the member made go on: the reply lists them."
	withdraw.Method, withdraw.ID, withdraw.Summary = http.MethodDelete, "withdraw-invitation", "Take an invitation back, as an owner"
	withdraw.Path = "/v1/merchants/{id}/invitations/{invitation_id}"
	operation.Register(api, list, operation.On(h, (*Handlers).listMembers))
	operation.Register(api, set, operation.On(h, (*Handlers).setMember))
	operation.Register(api, remove, operation.On(h, (*Handlers).removeMember))
	operation.Register(api, withdraw, operation.On(h, (*Handlers).withdrawInvitation))
}

// Member is somebody who may act for a merchant, or an address that is invited to.
type Member struct {
	UserID       string     `json:"user_id,omitempty" example:"usr_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"Left out for an invitation"`
	Role         string     `json:"role" enum:"owner,manager,viewer"`
	Status       string     `json:"status" enum:"member,invited" doc:"Who is invited has no rights yet"`
	CreatedAt    time.Time  `json:"created_at"`
	InvitationID string     `json:"invitation_id,omitempty" example:"inv_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"For an invitation"`
	Email        string     `json:"email,omitempty" example:"ada@example.com" doc:"Of an invitation, as it was typed"`
	InvitedBy    string     `json:"invited_by,omitempty" example:"usr_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"For an invitation"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty" doc:"When an invitation runs out"`
}

func renderMember(m store.Member) Member {
	return Member{UserID: m.UserID, Role: service.RoleName(m.Role), Status: "member", CreatedAt: m.CreatedAt}
}

func renderInvitation(i store.Invitation) Member {
	return Member{
		Role: service.RoleName(i.Role), Status: "invited", CreatedAt: i.CreatedAt,
		InvitationID: i.ID, Email: i.Email, InvitedBy: i.InvitedBy, ExpiresAt: &i.ExpiresAt,
	}
}

type membersRequest struct {
	operation.Paging
	ID string `path:"id"`
}

type membersReply struct{ Body operation.Page[Member] }

func (h *Handlers) listMembers(ctx context.Context, in *membersRequest) (*membersReply, error) {
	after, err := operation.DecodeCursor(in.After, 1)
	if err != nil {
		return nil, err
	}
	found, err := h.service.Members(ctx, in.ID, cursorStart(after), in.Want())
	if err != nil {
		return nil, err
	}
	out := make([]Member, len(found))
	for i, e := range found {
		if out[i] = renderMember(e.Member); e.Invitation.ID != "" {
			out[i] = renderInvitation(e.Invitation)
		}
	}
	return &membersReply{operation.NewPage(out, in.Limit, func(m Member) []string { return []string{m.InvitationID + m.UserID} })}, nil
}

type setMemberRequest struct {
	ID   string `path:"id"`
	Body struct {
		UserID string `json:"user_id,omitempty" maxLength:"64" doc:"A member whose role changes; either this or email"`
		Email  string `json:"email,omitempty" maxLength:"254" doc:"An address to invite"`
		Role   string `json:"role" enum:"owner,manager,viewer"`
	}
}

type setMemberReply struct {
	Status int
	Body   Member
}

func (h *Handlers) setMember(ctx context.Context, in *setMemberRequest) (*setMemberReply, error) {
	if (in.Body.UserID == "") == (in.Body.Email == "") {
		return nil, fault.Invalid(fault.Field{Pointer: "/user_id", Detail: "send either user_id or email"})
	}
	if in.Body.UserID != "" {
		m, err := h.service.SetRole(ctx, in.ID, in.Body.UserID, roles[in.Body.Role])
		if err != nil {
			return nil, err
		}
		return &setMemberReply{http.StatusCreated, renderMember(m)}, nil
	}
	i, err := h.service.Invite(ctx, in.ID, service.Offer{Email: in.Body.Email, Role: roles[in.Body.Role]})
	if err != nil {
		return nil, err
	}
	return &setMemberReply{http.StatusAccepted, renderInvitation(i)}, nil
}

type removeRequest struct {
	ID     string `path:"id"`
	UserID string `path:"user_id" doc:"Whom to remove; me for the caller"`
}

type removeReply struct {
	Body struct {
		APIKeys []LeftKey `json:"api_keys" doc:"Keys that the member made, which go on until an owner revokes them"`
	}
}

// LeftKey is a key that outlives the membership of whoever made it.
type LeftKey struct {
	ID   string `json:"id" example:"key_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Name string `json:"name" example:"till"`
	Hint string `json:"hint" example:"souk_1f0c" doc:"How the key begins"`
}

func (h *Handlers) removeMember(ctx context.Context, in *removeRequest) (*removeReply, error) {
	left, err := h.service.Remove(ctx, in.ID, in.UserID)
	if err != nil {
		return nil, err
	}
	out := &removeReply{}
	out.Body.APIKeys = make([]LeftKey, len(left))
	for i, k := range left {
		out.Body.APIKeys[i] = LeftKey{k.GetId(), k.GetName(), k.GetHint()}
	}
	return out, nil
}

type withdrawRequest struct {
	ID           string `path:"id"`
	InvitationID string `path:"invitation_id"`
}

func (h *Handlers) withdrawInvitation(ctx context.Context, in *withdrawRequest) (*struct{}, error) {
	return nil, h.service.Withdraw(ctx, in.ID, in.InvitationID)
}
