package contract_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/merchants/internal/merchantstest"
	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
)

func TestProfile(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		ctx := context.Background()
		s.Merchants.AutoApprove = false
		v := s.Open("usr_ada", "Lamps & Co")
		want := &merchantsv1.ProfileResponse{Name: "Lamps & Co", Slug: "lamps-co", OwnerId: "usr_ada"}
		for _, approved := range []bool{false, true} {
			if want.Approved = approved; approved {
				if _, err := s.Merchants.Approve(ctx, v.ID); err != nil {
					t.Fatal(err)
				}
			}
			got, err := s.Contract.Profile(ctx, &merchantsv1.ProfileRequest{MerchantId: v.ID})
			if diff := cmp.Diff(want, got, protocmp.Transform()); err != nil || diff != "" {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
		}
		if _, err := s.Contract.Profile(ctx, &merchantsv1.ProfileRequest{MerchantId: "mrc_none"}); fault.ReasonOf(err) != "merchant_not_found" {
			t.Errorf("nobody's profile: %v", err)
		}
	})
}

// Of several owners the one of longest standing answers.
func TestProfile_OldestOwner(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v := s.Open("usr_zoe", "Lamps")
		s.Exec(`INSERT INTO merchants_members (merchant_id, user_id, role, created_at)
			SELECT merchant_id, 'usr_ada', role, created_at + 1 FROM merchants_members WHERE merchant_id = ?`, v.ID)
		got, err := s.Contract.Profile(context.Background(), &merchantsv1.ProfileRequest{MerchantId: v.ID})
		if err != nil || got.GetOwnerId() != "usr_zoe" {
			t.Errorf("%q answers, %v", got.GetOwnerId(), err)
		}
	})
}
