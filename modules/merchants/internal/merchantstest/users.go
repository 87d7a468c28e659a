package merchantstest

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/users/usersv1"
	"app/platform/fault"
	"app/platform/operation/operationtest"
)

// Everybody is a users module in which everybody has an account but "usr_nobody".
type Everybody struct{}

// Find implements merchant.Users.
func (Everybody) Find(_ context.Context, req *usersv1.FindRequest) (*usersv1.FindResponse, error) {
	id := req.GetId()
	if req.GetEmail() != "" {
		id = "usr_" + req.GetEmail()
	}
	if id == "usr_nobody" || id == "usr_nobody@example.com" {
		return nil, &fault.CallError{Module: "users", Method: "Find", Code: fault.NotFound}
	}
	return &usersv1.FindResponse{User: &usersv1.User{Id: id, Email: id + "@example.com", FirstName: "Ada"}}, nil
}

// CreateAPIKey makes keys unless they are to have no scope.
func (Everybody) CreateAPIKey(_ context.Context, req *usersv1.CreateAPIKeyRequest) (*usersv1.CreateAPIKeyResponse, error) {
	if len(req.GetScopes()) == 0 {
		return nil, &fault.CallError{Module: "users", Code: fault.InvalidArgument, Fields: []fault.Field{{Pointer: "/scopes", Detail: "none"}}}
	}
	if req.GetName() == "one too many" {
		return nil, &fault.CallError{Module: "users", Code: fault.ResourceExhausted, Reason: "too_many_api_keys"}
	}
	if req.GetExpiresAt() == nil {
		return nil, errors.New("a key without an end")
	}
	info := &usersv1.APIKeyInfo{Id: "key_1", Name: req.GetName(), ExpiresAt: req.GetExpiresAt()}
	return &usersv1.CreateAPIKeyResponse{Key: "souk_x", Info: info}, nil
}

// ListAPIKeys has a key made by Ada and one made by Bob.
func (Everybody) ListAPIKeys(_ context.Context, req *usersv1.ListAPIKeysRequest) (*usersv1.ListAPIKeysResponse, error) {
	return &usersv1.ListAPIKeysResponse{Keys: []*usersv1.APIKeyInfo{
		{Id: "key_of_" + req.GetMerchantId(), CreatedBy: "usr_ada"}, {Id: "key_by_bob", CreatedBy: "usr_bob"},
	}}, nil
}

// RevokeAPIKey knows the key that CreateAPIKey makes.
func (Everybody) RevokeAPIKey(_ context.Context, req *usersv1.RevokeAPIKeyRequest) (*usersv1.RevokeAPIKeyResponse, error) {
	if req.GetKeyId() != "key_1" {
		return nil, &fault.CallError{Module: "users", Code: fault.NotFound, Reason: "api_key_not_found"}
	}
	return &usersv1.RevokeAPIKeyResponse{}, nil
}

// The people of an API, each named for what they are to the merchant of OpenMerchant.
// Nobody is not signed in; Ghost has a token and no account.
const (
	Nobody   = ""
	Owner    = "usr_01kan4v6e8fx2s1gq0vj5t3x01"
	Manager  = "usr_01kan4v6e8fx2s1gq0vj5t3x02"
	Viewer   = "usr_01kan4v6e8fx2s1gq0vj5t3x03"
	Stranger = "usr_01kan4v6e8fx2s1gq0vj5t3x04"
	Admin    = operationtest.Root
	Ghost    = "usr_01kan4v6e8fx2s1gq0vj5t3x09"
)

// emailOf is the address of one of the people: the last two digits of the id,
// @example.com.
func emailOf(userID string) string { return userID[len(userID)-2:] + "@example.com" }

// people is a users module that knows those above, by id and by address, and two keys.
type people struct{}

func (people) Find(_ context.Context, req *usersv1.FindRequest) (*usersv1.FindResponse, error) {
	for _, id := range []string{Owner, Manager, Viewer, Stranger, Admin} {
		if email := emailOf(id); req.GetId() == id || req.GetEmail() == email {
			return &usersv1.FindResponse{User: &usersv1.User{Id: id, Email: email, FirstName: "Ada"}}, nil
		}
	}
	return nil, &fault.CallError{Module: "users", Method: "Find", Code: fault.NotFound}
}

func (people) CreateAPIKey(_ context.Context, req *usersv1.CreateAPIKeyRequest) (*usersv1.CreateAPIKeyResponse, error) {
	end := req.GetExpiresAt().AsTime()
	if req.GetExpiresAt() == nil || !end.After(ServedAt) || end.After(ServedAt.AddDate(2, 0, 0)) { // as users does
		wrong := []fault.Field{{Pointer: "/expires_at", Detail: "out of bounds"}}
		return nil, &fault.CallError{Module: "users", Code: fault.InvalidArgument, Fields: wrong}
	}
	info := &usersv1.APIKeyInfo{
		Id: "key_1", Name: req.GetName(), Hint: "souk_1234", Scopes: req.GetScopes(), CreatedBy: Owner,
		CreatedAt: timestamppb.New(ServedAt.Truncate(time.Second)), ExpiresAt: req.GetExpiresAt(),
	}
	return &usersv1.CreateAPIKeyResponse{Key: "souk_123456", Info: info}, nil
}

func (people) ListAPIKeys(context.Context, *usersv1.ListAPIKeysRequest) (*usersv1.ListAPIKeysResponse, error) {
	at := timestamppb.New(ServedAt.Truncate(time.Second))
	return &usersv1.ListAPIKeysResponse{Keys: []*usersv1.APIKeyInfo{{
		Id: "key_1", Name: "till", Hint: "souk_1234", Scopes: []string{"orders:read"}, CreatedBy: Owner, CreatedAt: at, LastUsedAt: at,
	}, {
		Id: "key_2", Name: "stock", Hint: "souk_5678", Scopes: []string{"catalog:write"}, CreatedBy: Manager, CreatedAt: at,
	}}}, nil
}

func (people) RevokeAPIKey(_ context.Context, req *usersv1.RevokeAPIKeyRequest) (*usersv1.RevokeAPIKeyResponse, error) {
	if req.GetKeyId() != "key_1" {
		return nil, &fault.CallError{Module: "users", Code: fault.NotFound}
	}
	return &usersv1.RevokeAPIKeyResponse{}, nil
}
