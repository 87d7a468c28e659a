package member_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchant"
	"app/modules/merchants/internal/merchantstest"
	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
)

func TestMembers(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		ada, v := as("usr_ada"), s.Open("usr_ada", "Lamps")
		role := func(user string) merchantsv1.Role { return s.RoleOf(v.ID, user) }
		set := func(ctx context.Context, user string, role merchantsv1.Role) error {
			_, err := s.Members.SetRole(ctx, v.ID, user, role)
			return err
		}
		s.Join("usr_ada", v.ID, "usr_bob", merchantsv1.Role_ROLE_VIEWER)
		stranger, err := s.Contract.Member(context.Background(), &merchantsv1.MemberRequest{MerchantId: v.ID})
		if err != nil || !stranger.GetApproved() || stranger.GetRole() != merchantsv1.Role_ROLE_UNSPECIFIED {
			t.Errorf("nobody in particular: %v, %v", stranger, err)
		}
		if role("usr_bob") != merchantsv1.Role_ROLE_VIEWER || role("usr_stranger") != merchantsv1.Role_ROLE_UNSPECIFIED {
			t.Errorf("roles %s and %s", role("usr_bob"), role("usr_stranger"))
		}
		if err := set(as("usr_bob"), "usr_bob", merchantsv1.Role_ROLE_OWNER); fault.CodeOf(err) != fault.PermissionDenied {
			t.Errorf("a viewer promotes: %v", err)
		}
		if _, err := s.Invitations.Invite(as("usr_bob"), v.ID, member.Offer{Email: "eve@example.com", Role: merchantsv1.Role_ROLE_OWNER}); fault.CodeOf(err) != fault.PermissionDenied {
			t.Errorf("a viewer invites: %v", err)
		}
		for _, user := range []string{"usr_eve", "usr_nobody"} { // with an account and without
			if err := set(ada, user, merchantsv1.Role_ROLE_VIEWER); fault.CodeOf(err) != fault.InvalidArgument || fault.From(err).Fields[0].Pointer != "/user_id" {
				t.Errorf("%s is made a member without being asked: %v", user, err)
			}
		}
		if err := set(ada, "usr_ada", merchantsv1.Role_ROLE_VIEWER); fault.ReasonOf(err) != "last_owner" {
			t.Errorf("the last owner steps down: %v", err)
		}
		if _, err := s.Members.Remove(ada, v.ID, "usr_ada"); fault.ReasonOf(err) != "last_owner" {
			t.Errorf("the last owner leaves: %v", err)
		}
		for range 2 {
			if err := set(ada, "usr_bob", merchantsv1.Role_ROLE_OWNER); err != nil || role("usr_bob") != merchantsv1.Role_ROLE_OWNER {
				t.Fatalf("promotion: %v, %s", err, role("usr_bob"))
			}
		}
		if _, err := s.Members.Remove(as("usr_bob"), v.ID, "usr_ada"); err != nil || role("usr_ada") != merchantsv1.Role_ROLE_UNSPECIFIED {
			t.Errorf("removal: %v, %s", err, role("usr_ada"))
		}
		if members, err := s.Members.List(as("usr_bob"), v.ID, "", 10); err != nil || len(members) != 1 {
			t.Errorf("%v, %v", members, err)
		}
		if _, err := s.Members.Remove(as("usr_bob"), v.ID, "usr_ada"); fault.ReasonOf(err) != "member_not_found" {
			t.Errorf("removing a stranger: %v", err)
		}
	})
}

// Two owners who leave at the same time must not leave the merchant to nobody.
func TestOwnersWhoLeaveAtOnce(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		for round := range 10 {
			v := s.Open("usr_ada", fmt.Sprint("Lamps ", round))
			s.Join("usr_ada", v.ID, "usr_bob", merchantsv1.Role_ROLE_OWNER)
			var left atomic.Int32
			var both sync.WaitGroup
			for _, user := range []string{"usr_ada", "usr_bob"} {
				both.Go(func() {
					if _, err := s.Members.Remove(as(user), v.ID, member.Me); err == nil {
						left.Add(1)
					}
				})
			}
			both.Wait()
			if left.Load() != 1 {
				t.Fatalf("round %d: %d owners left", round, left.Load())
			}
		}
	})
}

// Sixteen owners leave at once, and one stays.
func TestFault07_TheLastOwnerStays(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v := s.Open("usr_0", "Lamps")
		for n := 1; n < 16; n++ {
			s.Join("usr_0", v.ID, fmt.Sprint("usr_", n), merchantsv1.Role_ROLE_OWNER)
		}
		left := merchantstest.AtOnce(t, "last_owner", func(n int) error {
			_, err := s.Members.Remove(as(fmt.Sprint("usr_", n)), v.ID, member.Me)
			return err
		})
		if left != 15 {
			t.Errorf("%d left", left)
		}
	})
}

// Whoever goes leaves the keys that they made, and is told which.
func TestFault32_RemovalListsKeys(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v := s.Open("usr_ada", "Lamps")
		s.Join("usr_ada", v.ID, "usr_bob", merchantsv1.Role_ROLE_OWNER)
		left, err := s.Members.Remove(as("usr_ada"), v.ID, "usr_bob")
		if err != nil || len(left) != 1 || left[0].ID != "key_by_bob" {
			t.Errorf("left %v, %v", left, err)
		}
		keys, err := s.Keys.List(as("usr_ada"), v.ID)
		if err != nil || len(keys) != 2 || !keys[0].MakerIsMember || keys[1].MakerIsMember {
			t.Errorf("%+v, %v", keys, err)
		}
	})
}

func TestFailure18_AnotherMerchantIsNotFound(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v := s.Open("usr_ada", "Lamps")
		s.Open("usr_bob", "Spices")
		bob, name := as("usr_bob"), "Mine now"
		_, update := s.Merchants.Update(bob, v.ID, merchant.Change{Name: &name, Match: func(int64) error { return nil }})
		_, members := s.Members.List(bob, v.ID, "", 10)
		_, invite := s.Members.SetRole(bob, v.ID, "usr_bob", merchantsv1.Role_ROLE_OWNER)
		_, probe := s.Invitations.Invite(bob, v.ID, member.Offer{Email: "nobody@example.com", Role: merchantsv1.Role_ROLE_VIEWER})
		_, remove := s.Members.Remove(bob, v.ID, "usr_ada")
		for what, err := range map[string]error{
			"update": update, "members": members, "invite": invite, "probe for an address": probe, "remove": remove,
			"withdraw": s.Invitations.Withdraw(bob, v.ID, "inv_x"),
		} {
			if fault.CodeOf(err) != fault.NotFound || fault.ReasonOf(err) != "merchant_not_found" {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}
