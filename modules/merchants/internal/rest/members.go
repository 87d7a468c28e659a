package rest

import (
	"context"

	"app/modules/merchants/internal/service"
	"app/platform/fault"
)

type inviteRequest struct {
	ID   string `path:"id"`
	Body struct {
		UserID string `json:"user_id,omitempty" maxLength:"64" doc:"Either this or email"`
		Email  string `json:"email,omitempty" maxLength:"254" doc:"Address of a confirmed account"`
		Role   string `json:"role" enum:"owner,manager,viewer"`
	}
}

type memberReply struct{ Body Member }

func (h handlers) invite(ctx context.Context, in *inviteRequest) (*memberReply, error) {
	if (in.Body.UserID == "") == (in.Body.Email == "") {
		return nil, fault.Invalid(fault.Field{Pointer: "/user_id", Detail: "send either user_id or email"})
	}
	m, err := h.service().Invite(ctx, in.ID, service.Invitation{UserID: in.Body.UserID, Email: in.Body.Email, Role: roles[in.Body.Role]})
	if err != nil {
		return nil, err
	}
	return &memberReply{member(m)}, nil
}

type removeRequest struct {
	ID     string `path:"id"`
	UserID string `path:"user_id"`
}

func (h handlers) remove(ctx context.Context, in *removeRequest) (*struct{}, error) {
	return nil, h.service().Remove(ctx, in.ID, in.UserID)
}
