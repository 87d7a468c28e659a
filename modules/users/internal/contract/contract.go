// Package contract serves what other modules may ask users: it turns messages into what
// the subjects of the module know, and back.
package contract

import (
	"context"

	"app/modules/users/internal/account"
	"app/modules/users/internal/apikey"
	"app/modules/users/internal/keys"
	"app/modules/users/internal/revocation"
	"app/modules/users/internal/session"
	"app/modules/users/usersv1"
	"app/platform/fault"
)

// Needs are the subjects that a Handler asks. All are required.
type Needs struct {
	Accounts    *account.Service
	APIKeys     *apikey.Service
	Keys        *keys.Ring
	Revocations *revocation.Log
	Sessions    *session.Service
}

// Handler serves the contract. Safe for concurrent use.
type Handler struct{ needs Needs }

var _ usersv1.UsersHandler = (*Handler)(nil)

// New makes a handler.
func New(needs Needs) *Handler { return &Handler{needs} }

// Keys implements usersv1.UsersHandler.
func (h *Handler) Keys(ctx context.Context, _ *usersv1.KeysRequest) (*usersv1.KeysResponse, error) {
	set, err := h.needs.Keys.Set(ctx)
	if err != nil {
		return nil, err
	}
	return &usersv1.KeysResponse{Jwks: set}, nil
}

// Find implements usersv1.UsersHandler.
func (h *Handler) Find(ctx context.Context, req *usersv1.FindRequest) (*usersv1.FindResponse, error) {
	var user account.User
	var err error
	switch by := req.GetBy().(type) {
	case *usersv1.FindRequest_Id:
		user, err = h.needs.Accounts.FindByID(ctx, by.Id)
	case *usersv1.FindRequest_Email:
		user, err = h.needs.Accounts.FindByEmail(ctx, by.Email)
	default:
		err = fault.Invalid(fault.Field{Pointer: "/by", Detail: "is missing"})
	}
	if err != nil {
		return nil, err
	}
	return &usersv1.FindResponse{User: userToProto(user)}, nil
}

// Ensure implements usersv1.UsersHandler.
func (h *Handler) Ensure(ctx context.Context, req *usersv1.EnsureRequest) (*usersv1.EnsureResponse, error) {
	user, created, err := h.needs.Accounts.Ensure(ctx, account.Newcomer{
		Email: req.GetEmail(), Password: req.GetPassword(), FirstName: req.GetFirstName(), LastName: req.GetLastName(),
	})
	if err != nil {
		return nil, err
	}
	return &usersv1.EnsureResponse{User: userToProto(user), Created: created}, nil
}

func userToProto(u account.User) *usersv1.User {
	return &usersv1.User{Id: u.ID, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName}
}
