package member

import (
	"context"
	"net/http"
	"strings"
	"time"

	"app/platform/fault"
	"app/platform/operation"
)

// Handlers answer requests about members.
type Handlers struct{ members *Service }

// NewHandlers makes the handlers of a service.
func NewHandlers(s *Service) *Handlers { return &Handlers{s} }

// Register declares who may act for a merchant, and how they come and go, for the
// handlers that will lie at the address when the module is open.
func Register(api *operation.API, at **Handlers) {
	op := operation.Operation{
		Path: "/v1/merchants/{id}/members", Access: operation.Member, Rate: operation.RateDefault, Tags: []string{"Members"},
	}
	list, set, remove := op, op, op
	set.Errors = []int{http.StatusForbidden, http.StatusConflict}
	remove.Errors = set.Errors

	list.Method, list.ID, list.Summary = http.MethodGet, "list-members", "List a merchant's members"
	list.Description = "Owners see invitations that wait for an answer as well, before the members."
	operation.Register(api, list, operation.On(at, (*Handlers).listMembers))

	set.Method, set.ID, set.Status, set.Also = http.MethodPost, "set-member", http.StatusAccepted, []int{http.StatusCreated}
	set.Summary = "Invite somebody, or change a member's role, as an owner"
	set.Description = "With email, a message asks whether they want to act for the merchant; the answer is 202 and the same for every " +
		"address. With the user_id of a member it changes their role; the answer is 201."
	operation.Register(api, set, operation.On(at, (*Handlers).setMember))

	remove.Method, remove.ID, remove.Status = http.MethodDelete, "remove-member", http.StatusOK
	remove.Path, remove.Summary = op.Path+"/{user_id}", "Remove a member, as an owner, or leave"
	remove.Description = "The user_id me is the caller's. Invitations that the member sent are withdrawn. " +
		"API keys that the member made go on: the reply lists them."
	operation.Register(api, remove, operation.On(at, (*Handlers).removeMember))
}

// Body is a member, or an invitation, as the API shows them.
type Body = member

// member has the name of its schema in the public document: clients are generated from
// it.
type member struct {
	UserID       string     `json:"user_id,omitempty" example:"usr_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"Left out for an invitation"`
	Role         string     `json:"role" enum:"owner,manager,viewer"`
	Status       string     `json:"status" enum:"member,invited" doc:"Who is invited has no rights yet"`
	CreatedAt    time.Time  `json:"created_at"`
	InvitationID string     `json:"invitation_id,omitempty" example:"inv_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"For an invitation"`
	Email        string     `json:"email,omitempty" example:"ada@example.com" doc:"Of an invitation, as it was typed"`
	InvitedBy    string     `json:"invited_by,omitempty" example:"usr_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"For an invitation"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty" doc:"When an invitation runs out"`
}

// BodyOf renders a line of the list of members.
func BodyOf(e Entry) Body {
	out := member{
		UserID: e.UserID, Role: RoleName(e.Role), Status: "member", CreatedAt: e.CreatedAt,
		InvitationID: e.InvitationID, Email: e.Email, InvitedBy: e.InvitedBy,
	}
	if e.InvitationID != "" {
		out.Status, out.ExpiresAt = "invited", &e.ExpiresAt
	}
	return out
}

type membersRequest struct {
	operation.Paging
	ID string `path:"id"`
}

type membersReply struct{ Body operation.Page[member] }

func (h *Handlers) listMembers(ctx context.Context, in *membersRequest) (*membersReply, error) {
	after, err := operation.DecodeCursor(in.After, 1)
	if err != nil {
		return nil, err
	}
	found, err := h.members.List(ctx, in.ID, strings.Join(after, ""), in.Want())
	if err != nil {
		return nil, err
	}
	out := make([]member, len(found))
	for i, e := range found {
		out[i] = BodyOf(e)
	}
	return &membersReply{operation.NewPage(out, in.Limit, func(m member) []string { return []string{m.InvitationID + m.UserID} })}, nil
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
	Body   member
}

func (h *Handlers) setMember(ctx context.Context, in *setMemberRequest) (*setMemberReply, error) {
	if (in.Body.UserID == "") == (in.Body.Email == "") {
		return nil, fault.Invalid(fault.Field{Pointer: "/user_id", Detail: "send either user_id or email"})
	}
	role := roleNamed(in.Body.Role)
	if in.Body.UserID != "" {
		m, err := h.members.SetRole(ctx, in.ID, in.Body.UserID, role)
		if err != nil {
			return nil, err
		}
		return &setMemberReply{http.StatusCreated, BodyOf(m.Entry())}, nil
	}
	invited, err := h.members.Invitations.Invite(ctx, in.ID, Offer{Email: in.Body.Email, Role: role})
	if err != nil {
		return nil, err
	}
	return &setMemberReply{http.StatusAccepted, BodyOf(invited)}, nil
}

type removeRequest struct {
	ID     string `path:"id"`
	UserID string `path:"user_id" doc:"Whom to remove; me for the caller"`
}

type removeReply struct {
	Body struct {
		APIKeys []leftKey `json:"api_keys" doc:"Keys that the member made, which go on until an owner revokes them"`
	}
}

// leftKey is a LeftKey on the wire. The public document names its schema after the
// type.
type leftKey struct {
	ID   string `json:"id" example:"key_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Name string `json:"name" example:"till"`
	Hint string `json:"hint" example:"souk_1f0c" doc:"How the key begins"`
}

func (h *Handlers) removeMember(ctx context.Context, in *removeRequest) (*removeReply, error) {
	left, err := h.members.Remove(ctx, in.ID, in.UserID)
	if err != nil {
		return nil, err
	}
	out := &removeReply{}
	out.Body.APIKeys = make([]leftKey, len(left))
	for i, k := range left {
		out.Body.APIKeys[i] = leftKey(k)
	}
	return out, nil
}
