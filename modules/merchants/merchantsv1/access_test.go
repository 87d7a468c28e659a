package merchantsv1

import (
	"context"
	"errors"
	"slices"
	"testing"

	"app/platform/fault"
	"app/platform/identity"
)

// roles answers for the merchants "a" and "b", of which b may not sell, and counts.
type roles struct {
	held  map[string]Role // by "merchant/user"
	asked int
	err   error
}

func (r *roles) Roles(_ context.Context, req *RolesRequest) (*RolesResponse, error) {
	r.asked++
	out := &RolesResponse{}
	for _, id := range req.GetMerchantIds() {
		out.Members = append(out.Members, &MemberResponse{
			Role: r.held[id+"/"+req.GetUserId()], Approved: id != "b", SecondFactorNeeded: req.GetUserId() == "unproven",
		})
	}
	return out, r.err
}

func TestAccessOf(t *testing.T) {
	t.Parallel()
	const viewer, manager, none = Role_ROLE_VIEWER, Role_ROLE_MANAGER, Role_ROLE_UNSPECIFIED
	scopes := Scopes{Read: "orders:read", Write: "orders:write"}
	user := func(id string) identity.Principal { return identity.Principal{UserID: id, Method: identity.Bearer} }
	key := func(scopes ...identity.Scope) identity.Principal {
		return identity.Principal{Merchant: "a", Scopes: scopes, Method: identity.APIKey}
	}
	for name, tc := range map[string]struct {
		who       identity.Principal
		a, b      Role
		mayRead   []string
		mayChange []string
		calls     int
		refusal   string
	}{
		"nobody":            {who: identity.Principal{}, refusal: "role_too_low"},
		"manager of a":      {who: user("ann"), a: manager, b: viewer, mayRead: []string{"a", "b"}, mayChange: []string{"a"}, calls: 1, refusal: "role_too_low"},
		"stranger":          {who: user("eve"), calls: 1, refusal: "role_too_low"},
		"one factor of two": {who: user("unproven"), a: viewer, b: none, mayRead: []string{"a"}, calls: 1, refusal: "second_factor_required"},
		"key that writes":   {who: key(scopes.Write), a: manager, mayRead: []string{"a"}, mayChange: []string{"a"}, refusal: "role_too_low"},
		"key that reads":    {who: key(scopes.Read), a: viewer, mayRead: []string{"a"}, refusal: "role_too_low"},
		"key for e-mails":   {who: key("emails:send"), refusal: "role_too_low"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := &roles{held: map[string]Role{"a/ann": manager, "b/ann": viewer, "a/unproven": viewer}}
			access, err := AccessOf(t.Context(), asked, tc.who, scopes, "a", "b")
			if err != nil || asked.asked != tc.calls {
				t.Errorf("%d calls, %v", asked.asked, err)
			}
			if a, b := access.Role("a"), access.Role("b"); a != tc.a || b != tc.b || access.Role("c") != none {
				t.Errorf("roles %v and %v, want %v and %v", a, b, tc.a, tc.b)
			}
			if read, change := access.AtLeast(viewer), access.AtLeast(manager); !slices.Equal(read, tc.mayRead) || !slices.Equal(change, tc.mayChange) {
				t.Errorf("may read %v, change %v", read, change)
			}
			if err := access.ErrTooLow(); fault.ReasonOf(err) != tc.refusal || fault.CodeOf(err) != fault.PermissionDenied {
				t.Errorf("refusal: %v", err)
			}
		})
	}
}

// Whether a merchant may sell is asked for keys too where it matters.
func TestAccessOf_Approval(t *testing.T) {
	t.Parallel()
	scopes := Scopes{Read: "catalog:read", Write: "catalog:write", Approval: true}
	key := identity.Principal{Merchant: "b", Scopes: []identity.Scope{scopes.Write}, Method: identity.APIKey}
	access, err := AccessOf(t.Context(), &roles{}, key, scopes, "a", "b")
	if err != nil || access.Role("b") != Role_ROLE_MANAGER || access.Approved("b") || !access.Approved("a") || access.Role("a") != 0 {
		t.Errorf("%+v, %v", access, err)
	}
	lost := errors.New("lost")
	if _, err := AccessOf(t.Context(), &roles{err: lost}, key, scopes, "a"); !errors.Is(err, lost) {
		t.Errorf("a call that fails: %v", err)
	}
}
