package service

import (
	"context"

	"app/modules/users/internal/account"
	"app/modules/users/usersv1"
	"app/platform/fault"
)

// Handler answers the contract of users for other modules.
type Handler struct{ users *Service }

var _ usersv1.UsersHandler = Handler{}

// NewHandler makes the answer out of the service.
func NewHandler(s *Service) Handler { return Handler{s} }

// Keys implements usersv1.UsersHandler.
func (h Handler) Keys(ctx context.Context, _ *usersv1.KeysRequest) (*usersv1.KeysResponse, error) {
	set, err := h.users.Keys.Set(ctx)
	if err != nil {
		return nil, err
	}
	return &usersv1.KeysResponse{Jwks: set}, nil
}

// Find implements usersv1.UsersHandler.
func (h Handler) Find(ctx context.Context, req *usersv1.FindRequest) (*usersv1.FindResponse, error) {
	var user account.User
	var err error
	switch by := req.GetBy().(type) {
	case *usersv1.FindRequest_Id:
		user, err = h.users.Accounts.FindByID(ctx, by.Id)
	case *usersv1.FindRequest_Email:
		user, err = h.users.Accounts.FindByEmail(ctx, by.Email)
	default:
		err = fault.Invalid(fault.Field{Pointer: "/by", Detail: "is missing"})
	}
	if err != nil {
		return nil, err
	}
	return &usersv1.FindResponse{User: userToProto(user)}, nil
}

// Ensure implements usersv1.UsersHandler.
func (h Handler) Ensure(ctx context.Context, req *usersv1.EnsureRequest) (*usersv1.EnsureResponse, error) {
	user, created, err := h.users.Accounts.Ensure(ctx, account.Newcomer{
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
