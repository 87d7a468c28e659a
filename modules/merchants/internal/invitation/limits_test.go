package invitation_test

import (
	"fmt"
	"testing"
	"time"

	"app/modules/merchants/internal/apikey"
	"app/modules/merchants/internal/invitation"
	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchant"
	"app/modules/merchants/internal/merchantstest"
	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
)

// Before somebody has looked at a merchant its name goes to nobody.
func TestFault01_PendingMerchantsWriteToNobody(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		s.Merchants.AutoApprove = false
		v := s.Open("usr_ada", "PayPal Security")
		_, invite := s.Invitations.Invite(as("usr_ada"), v.ID, member.Offer{Email: "victim@example.com", Role: merchantsv1.Role_ROLE_VIEWER})
		_, key, send := s.Keys.Create(as("usr_ada"), v.ID, apikey.Draft{Name: "k", Scopes: []string{"orders:read", "emails:send"}})
		for what, err := range map[string]error{"invite": invite, "key": send} {
			if fault.ReasonOf(err) != "merchant_pending" || key != "" {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, _, err := s.Keys.Create(as("usr_ada"), v.ID, apikey.Draft{Name: "k", Scopes: []string{"catalog:write"}}); err != nil {
			t.Errorf("a key that reaches nobody: %v", err)
		}
		if got := s.Emitted(); len(got) != 0 {
			t.Errorf("told %v", got)
		}
		if _, err := s.Merchants.Approve(as("usr_admin"), v.ID); err != nil {
			t.Fatal(err)
		}
		s.Join("usr_ada", v.ID, "usr_bob", merchantsv1.Role_ROLE_VIEWER)
		if _, _, err := s.Keys.Create(as("usr_ada"), v.ID, apikey.Draft{Name: "k", Scopes: []string{"emails:send"}}); err != nil {
			t.Error(err)
		}
	})
}

// The limits hold when 16 requests come at once, and count nothing of what they refuse.
func TestFault01_LimitsHoldAtOnce(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		s.Merchants.Limits = merchant.Limits{PerAccount: 4, Pending: 2}
		s.Invitations.Limits = invitation.Limits{PerDay: 5, Pending: 3, Life: time.Hour}
		pending := *s.Merchants
		pending.AutoApprove = false
		opened := merchantstest.AtOnce(t, "too_many_merchants", func(n int) error {
			_, err := pending.Open(as("usr_ada"), merchant.Draft{Name: fmt.Sprint("Pending ", n)})
			return err
		})
		more := merchantstest.AtOnce(t, "too_many_merchants", func(n int) error {
			_, err := s.Merchants.Open(as("usr_ada"), merchant.Draft{Name: fmt.Sprint("Lamps ", n)})
			return err
		})
		if opened != 2 || more != 2 { // four in all
			t.Errorf("%d pending, then %d", opened, more)
		}
		if n := merchantstest.AtOnce(t, "too_many_merchants", func(n int) error {
			_, err := s.Merchants.Open(as("usr_bob"), merchant.Draft{Name: fmt.Sprint("Spices ", n)})
			return err
		}); n != 4 {
			t.Errorf("%d approved", n)
		}
		mine, err := s.Merchants.Mine(as("usr_bob"), "", 10)
		if err != nil || len(mine) != 4 {
			t.Fatal(mine, err)
		}
		invite := func(merchant, email string) error {
			_, err := s.Invitations.Invite(as("usr_bob"), merchant, member.Offer{Email: email, Role: merchantsv1.Role_ROLE_VIEWER})
			return err
		}
		waiting := merchantstest.AtOnce(t, "too_many_invitations", func(n int) error { return invite(mine[0].ID, fmt.Sprintf("a%d@example.com", n)) })
		rest := merchantstest.AtOnce(t, "too_many_invitations", func(n int) error { return invite(mine[1].ID, fmt.Sprintf("b%d@example.com", n)) })
		if waiting != 3 || rest != 2 { // three wait for one merchant; the account has two more of its five a day
			t.Errorf("%d, then %d invitations", waiting, rest)
		}
	})
}
