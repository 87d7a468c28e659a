package member_test

import (
	"context"
	"testing"

	"app/modules/merchants/internal/apikey"
	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchant"
	"app/modules/merchants/internal/merchantstest"
	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
	"app/platform/identity"
)

var unproven = merchantstest.Unproven

// Where a second factor is demanded, a session without it opens a merchant account and
// reads; what owners and managers do waits. Viewers are what they are, and so is
// whoever else is asked about.
func TestOwnersNeedASecondFactor(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v, err := s.Merchants.Open(unproven("usr_ada"), merchant.Draft{Name: "Lamps"})
		if err != nil {
			t.Fatal(err)
		}
		for user, role := range map[string]merchantsv1.Role{"usr_bob": merchantsv1.Role_ROLE_MANAGER, "usr_eve": merchantsv1.Role_ROLE_VIEWER} {
			s.Join("usr_ada", v.ID, user, role)
		}
		for _, tc := range []struct {
			ctx    context.Context
			user   string
			role   merchantsv1.Role
			needed bool
		}{
			{unproven("usr_ada"), "usr_ada", merchantsv1.Role_ROLE_VIEWER, true}, {as("usr_ada"), "usr_ada", merchantsv1.Role_ROLE_OWNER, false},
			{unproven("usr_bob"), "usr_bob", merchantsv1.Role_ROLE_VIEWER, true}, {unproven("usr_bob"), "usr_ada", merchantsv1.Role_ROLE_OWNER, false},
			{unproven("usr_eve"), "usr_eve", merchantsv1.Role_ROLE_VIEWER, false}, {unproven("usr_x"), "usr_x", merchantsv1.Role_ROLE_UNSPECIFIED, false},
			{context.Background(), "usr_ada", merchantsv1.Role_ROLE_OWNER, false},
		} {
			reply, err := s.Contract.Member(tc.ctx, &merchantsv1.MemberRequest{MerchantId: v.ID, UserId: tc.user})
			if err != nil || reply.GetRole() != tc.role || reply.GetSecondFactorNeeded() != tc.needed {
				t.Errorf("%s of %s: %v, %v", tc.user, identity.FromContext(tc.ctx).UserID, reply, err)
			}
		}
		name := "Better Lamps"
		_, update := s.Merchants.Update(unproven("usr_ada"), v.ID, merchant.Change{Name: &name, Match: func(int64) error { return nil }})
		_, _, key := s.Keys.Create(unproven("usr_ada"), v.ID, apikey.Draft{Name: "till", Scopes: []string{"orders:read"}})
		_, invite := s.Invitations.Invite(unproven("usr_ada"), v.ID, member.Offer{Email: "dan@example.com", Role: merchantsv1.Role_ROLE_OWNER})
		_, promote := s.Members.SetRole(unproven("usr_ada"), v.ID, "usr_bob", merchantsv1.Role_ROLE_OWNER)
		_, remove := s.Members.Remove(unproven("usr_ada"), v.ID, "usr_bob")
		for what, err := range map[string]error{
			"update": update, "key": key, "invite": invite, "promote": promote, "remove": remove, "withdraw": s.Invitations.Withdraw(unproven("usr_ada"), v.ID, "inv_x"),
		} {
			if fault.ReasonOf(err) != "second_factor_required" {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := s.Members.List(unproven("usr_ada"), v.ID, "", 10); err != nil {
			t.Error(err)
		}
	})
}
