// Package merchantsv1 is what other modules may ask merchants: the contract, and who may
// act for a merchant.
package merchantsv1

import (
	"context"
	"fmt"

	"app/platform/identity"
)

// Authorizer is what AccessOf asks of the contract.
type Authorizer interface {
	Roles(ctx context.Context, req *RolesRequest) (*RolesResponse, error)
}

// Scopes are what an API key needs in place of a role: Read for what a viewer may,
// Write for what a manager may. No scope stands for an owner.
type Scopes struct {
	Read, Write identity.Scope
	// Approval has merchants asked about keys too, so that Approved can be told.
	Approval bool
}

// Access is what a principal may do for some merchants.
type Access struct {
	merchants []string
	members   map[string]*MemberResponse
}

// AccessOf asks what a principal may do for merchants, all of them in one call. Nobody
// who is not signed in may do anything. A user has the role that merchants knows. An
// API key has the role that its scopes stand for with its own merchant, and none with
// another: for it the thing in question does not exist. Errors are those of the call.
func AccessOf(ctx context.Context, a Authorizer, p identity.Principal, s Scopes, merchants ...string) (Access, error) {
	out := Access{merchants: merchants, members: make(map[string]*MemberResponse, len(merchants))}
	if len(merchants) == 0 || !p.SignedIn() {
		return out, nil
	}
	if p.IsKey() && !s.Approval {
		for _, merchant := range merchants {
			out.members[merchant] = &MemberResponse{Role: s.roleOf(p, merchant)}
		}
		return out, nil
	}
	answer, err := a.Roles(ctx, &RolesRequest{MerchantIds: merchants, UserId: p.UserID})
	if err != nil {
		return Access{}, err //nolint:wrapcheck // the boundary translates it
	}
	if len(answer.GetMembers()) != len(merchants) {
		return Access{}, fmt.Errorf("merchants told %d roles of %d", len(answer.GetMembers()), len(merchants))
	}
	for i, merchant := range merchants {
		member := answer.GetMembers()[i]
		if p.IsKey() {
			member.Role = s.roleOf(p, merchant)
		}
		out.members[merchant] = member
	}
	return out, nil
}

// roleOf is the role that an API key's scopes stand for.
func (s Scopes) roleOf(p identity.Principal, merchant string) Role {
	switch {
	case p.ActsFor(merchant, s.Write):
		return Role_ROLE_MANAGER
	case p.ActsFor(merchant, s.Read):
		return Role_ROLE_VIEWER
	default:
		return Role_ROLE_UNSPECIFIED
	}
}

// Role is the role with a merchant.
func (a Access) Role(merchant string) Role { return a.members[merchant].GetRole() }

// Approved reports whether the merchant may sell.
func (a Access) Approved(merchant string) bool { return a.members[merchant].GetApproved() }

// AtLeast lists the merchants with whom the principal has the role or a higher one, in
// the order they were asked for.
func (a Access) AtLeast(least Role) []string {
	var out []string
	for _, merchant := range a.merchants {
		if a.Role(merchant) >= least {
			out = append(out, merchant)
		}
	}
	return out
}

// ErrTooLow refuses what needs a higher role: second_factor_required when the principal
// has it and its session has shown one factor where two are demanded, role_too_low
// otherwise.
func (a Access) ErrTooLow() error {
	for _, member := range a.members {
		if member.GetSecondFactorNeeded() {
			return identity.ErrSecondFactor() //nolint:wrapcheck // it is what the client gets
		}
	}
	return RoleTooLow.New()
}
