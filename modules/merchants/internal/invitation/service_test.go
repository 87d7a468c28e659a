package invitation_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchantstest"
	"app/modules/merchants/merchantsv1"
	"app/platform/callctx"
	"app/platform/fault"
)

func TestFault07_MembersAgree(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v := s.Open("usr_ada", "Lamps")
		role := func(user string) merchantsv1.Role { return s.RoleOf(v.ID, user) }
		offer := member.Offer{Email: " Bob@Example.com ", Role: merchantsv1.Role_ROLE_MANAGER}
		i, err := s.Invitations.Invite(as("usr_ada"), v.ID, offer)
		if err != nil {
			t.Fatal(err)
		}
		l := s.Invited(i.InvitationID)
		if l.GetEmail() != "Bob@Example.com" || l.GetMerchantName() != "Lamps" || l.GetRole() != "manager" || !l.GetExpiresAt().AsTime().Equal(i.ExpiresAt) ||
			l.GetLink() != "https://shop.example/v1/invitations/letter#"+l.GetCode() || !strings.HasPrefix(l.GetCode(), i.InvitationID+"-") {
			t.Errorf("the e-mail has %v", l)
		}
		list, err := s.Members.List(as("usr_ada"), v.ID, "", 10)
		if err != nil || len(list) != 2 || list[0].Email != "Bob@Example.com" || role("usr_bob") != merchantsv1.Role_ROLE_UNSPECIFIED {
			t.Errorf("invited: %+v, %v", list, err)
		}
		for what, try := range map[string]error{
			"another token":   accept(as("usr_bob"), s, i.InvitationID, "guess"),
			"no token":        accept(as("usr_bob"), s, i.InvitationID, ""),
			"no invitation":   accept(as("usr_bob"), s, "inv_x", s.Token(i.InvitationID)),
			"declined, token": s.Invitations.Decline(context.Background(), i.InvitationID, "guess"),
		} {
			if fault.ReasonOf(try) != "invitation_not_found" {
				t.Errorf("%s: %v", what, try)
			}
		}
		if err := accept(context.Background(), s, i.InvitationID, s.Token(i.InvitationID)); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("nobody accepts: %v", err)
		}
		for range 2 { // a repetition changes nothing
			if err := accept(as("usr_bob"), s, i.InvitationID, s.Token(i.InvitationID)); err != nil || role("usr_bob") != merchantsv1.Role_ROLE_MANAGER {
				t.Errorf("%v, %s", err, role("usr_bob"))
			}
		}
		if err := accept(as("usr_eve"), s, i.InvitationID, s.Token(i.InvitationID)); fault.ReasonOf(err) != "invitation_not_found" {
			t.Errorf("a token is used twice: %v", err)
		}
		if list, err := s.Members.List(as("usr_bob"), v.ID, "", 10); err != nil || len(list) != 2 || list[0].InvitationID != "" {
			t.Errorf("a manager sees %+v, %v", list, err)
		}
		again, err := s.Invitations.Invite(as("usr_ada"), v.ID, member.Offer{Email: offer.Email, Role: merchantsv1.Role_ROLE_OWNER})
		if err != nil { // to a member, which is not told
			t.Fatal(err)
		}
		if err := accept(as("usr_bob"), s, again.InvitationID, s.Token(again.InvitationID)); err != nil || role("usr_bob") != merchantsv1.Role_ROLE_MANAGER {
			t.Errorf("a member accepts: %v, %s", err, role("usr_bob"))
		}
		if _, err := s.Members.Remove(as("usr_bob"), v.ID, member.Me); err != nil {
			t.Fatal(err)
		}
		if err := accept(as("usr_bob"), s, i.InvitationID, s.Token(i.InvitationID)); fault.ReasonOf(err) != "invitation_not_found" {
			t.Errorf("an old token brings a member back: %v", err)
		}
		late, err := s.Invitations.Invite(as("usr_ada"), v.ID, offer)
		if err != nil {
			t.Fatal(err)
		}
		s.Advance(7 * 24 * time.Hour)
		if err := accept(as("usr_bob"), s, late.InvitationID, s.Token(late.InvitationID)); fault.ReasonOf(err) != "invitation_not_found" {
			t.Errorf("after its end: %v", err)
		}
		if list, err := s.Members.List(as("usr_ada"), v.ID, "", 10); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func accept(ctx context.Context, s *merchantstest.Shop, id, token string) error {
	_, err := s.Invitations.Accept(ctx, id, token)
	return err
}

// An invitation that has been taken back, replaced or declined, or whose sender is an
// owner no longer, opens nothing.
func TestFault07_InvitationsThatAreOver(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v, other := s.Open("usr_ada", "Lamps"), s.Open("usr_eve", "Spices")
		s.Join("usr_ada", v.ID, "usr_cleo", merchantsv1.Role_ROLE_OWNER)
		invite := func(owner, email string) (id, secret string) {
			t.Helper()
			i, err := s.Invitations.Invite(as(owner), v.ID, member.Offer{Email: email, Role: merchantsv1.Role_ROLE_OWNER})
			if err != nil {
				t.Fatal(err)
			}
			return i.InvitationID, s.Token(i.InvitationID)
		}
		for name, end := range map[string]func(id, secret string) error{
			"Withdrawn": func(id, _ string) error {
				if err := s.Invitations.Withdraw(as("usr_eve"), other.ID, id); fault.ReasonOf(err) != "invitation_not_found" {
					t.Errorf("another merchant's owner withdraws: %v", err)
				}
				return s.Invitations.Withdraw(as("usr_cleo"), v.ID, id)
			},
			"Declined": func(id, secret string) error { return s.Invitations.Decline(context.Background(), id, secret) },
			"Replaced": func(string, string) error {
				_, err := s.Invitations.Invite(as("usr_cleo"), v.ID, member.Offer{Email: "REPLACED@example.com", Role: merchantsv1.Role_ROLE_VIEWER})
				return err
			},
		} {
			id, secret := invite("usr_ada", name+"@example.com")
			if err := end(id, secret); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := accept(as("usr_bob"), s, id, secret); fault.ReasonOf(err) != "invitation_not_found" {
				t.Errorf("%s: %v", name, err)
			}
			if err := s.Invitations.Withdraw(as("usr_ada"), v.ID, id); fault.ReasonOf(err) != "invitation_not_found" {
				t.Errorf("%s is withdrawn: %v", name, err)
			}
		}
		id, secret := invite("usr_cleo", "friend@example.com")
		if _, err := s.Members.SetRole(as("usr_ada"), v.ID, "usr_cleo", merchantsv1.Role_ROLE_MANAGER); err != nil {
			t.Fatal(err)
		}
		if err := accept(as("usr_bob"), s, id, secret); fault.ReasonOf(err) != "invitation_not_found" {
			t.Errorf("an invitation of somebody who was an owner: %v", err)
		}
	})
}

// A repetition with the same idempotency key is one invitation and one e-mail.
func TestFault07_InviteTwiceWithOneKey(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v := s.Open("usr_ada", "Lamps")
		ctx := callctx.WithIdempotency(as("usr_ada"), callctx.Idempotency{Key: "k", At: time.Unix(1, 0)})
		offer := member.Offer{Email: "bob@example.com", Role: merchantsv1.Role_ROLE_VIEWER}
		first, err := s.Invitations.Invite(ctx, v.ID, offer)
		again, err2 := s.Invitations.Invite(ctx, v.ID, offer)
		if err != nil || err2 != nil || first != again || len(s.Emitted()) != 2 {
			t.Errorf("%+v, %v, then %+v, %v: %v", first, err, again, err2, s.Emitted())
		}
	})
}

// However many answer one invitation at once, one of them gets it.
func TestFault07_OneTokenOneMember(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v := s.Open("usr_ada", "Lamps")
		i, err := s.Invitations.Invite(as("usr_ada"), v.ID, member.Offer{Email: "bob@example.com", Role: merchantsv1.Role_ROLE_OWNER})
		if err != nil {
			t.Fatal(err)
		}
		secret := s.Token(i.InvitationID)
		if n := merchantstest.AtOnce(t, "invitation_not_found", func(n int) error { return accept(as(fmt.Sprint("usr_", n)), s, i.InvitationID, secret) }); n != 1 {
			t.Errorf("%d members", n)
		}
	})
}
