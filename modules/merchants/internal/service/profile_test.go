package service_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
)

func TestProfile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		ctx, s := context.Background(), newService(db, false)
		v := open(t, s, "usr_ada", "Lamps & Co")
		want := &merchantsv1.ProfileResponse{Name: "Lamps & Co", Slug: "lamps-co", OwnerId: "usr_ada"}
		for _, approved := range []bool{false, true} {
			if want.Approved = approved; approved {
				if _, err := s.Approve(ctx, v.ID); err != nil {
					t.Fatal(err)
				}
			}
			got, err := s.Profile(ctx, &merchantsv1.ProfileRequest{MerchantId: v.ID})
			if diff := cmp.Diff(want, got, protocmp.Transform()); err != nil || diff != "" {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
		}
		if _, err := s.Profile(ctx, &merchantsv1.ProfileRequest{MerchantId: "mrc_none"}); fault.ReasonOf(err) != "merchant_not_found" {
			t.Errorf("nobody's profile: %v", err)
		}
	})
}

// Of several owners the one of longest standing answers.
func TestProfile_OldestOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		v := open(t, newService(db, true), "usr_zoe", "Lamps")
		err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO merchants_members (merchant_id, user_id, role, created_at)
				SELECT merchant_id, 'usr_ada', role, created_at + 1 FROM merchants_members WHERE merchant_id = ?`, v.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := newService(db, true).Profile(ctx, &merchantsv1.ProfileRequest{MerchantId: v.ID})
		if err != nil || got.GetOwnerId() != "usr_zoe" {
			t.Errorf("%q answers, %v", got.GetOwnerId(), err)
		}
	})
}
