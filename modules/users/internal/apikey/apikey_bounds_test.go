package apikey_test

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/users/internal/userstest"
	"app/modules/users/usersv1"
	"app/platform/database"
	"app/platform/fault"
)

// An end is absent or in bounds, however it is spelled on the wire; zero is a time like
// any other, and past.
func TestFault27_KeyEndsInBounds(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	create := func(end *timestamppb.Timestamp) (*usersv1.CreateAPIKeyResponse, error) {
		return w.Set.Contract().CreateAPIKey(context.Background(), &usersv1.CreateAPIKeyRequest{
			MerchantId: "mrc_1", Name: "till", Scopes: []string{"orders:read"}, ExpiresAt: end,
		})
	}
	for name, end := range map[string]*timestamppb.Timestamp{
		"YearOne": timestamppb.New(time.Time{}), "Epoch": {}, "Now": timestamppb.New(userstest.Moment), "ANanosecondAhead": timestamppb.New(userstest.Moment.Add(time.Nanosecond)),
		"Far": timestamppb.New(userstest.Moment.AddDate(2, 0, 3)), "YearTenThousand": {Seconds: 253402300800}, "Overflow": {Seconds: math.MaxInt64},
		"Underflow": {Seconds: math.MinInt64}, "NoNanoseconds": {Seconds: userstest.Moment.Unix() + 60, Nanos: -1}, "ManyNanoseconds": {Seconds: userstest.Moment.Unix() + 60, Nanos: math.MaxInt32},
	} {
		reply, err := create(end)
		if f := fault.From(err); f.Code != fault.InvalidArgument || len(f.Fields) != 1 || f.Fields[0].Pointer != "/expires_at" {
			t.Errorf("%s: %v, %v", name, reply, err)
		}
	}
	for name, want := range map[string]time.Time{"Microsecond": userstest.Moment.Add(time.Microsecond), "TwoYears": userstest.Moment.AddDate(2, 0, 0)} {
		if reply, err := create(timestamppb.New(want)); err != nil || !reply.GetInfo().GetExpiresAt().AsTime().Equal(want) {
			t.Errorf("%s: %v, %v", name, reply, err)
		}
	}
}

// A key that is made without an end gets one. Those that were made before that was so
// go on, and say that they have none.
func TestFault32_KeysEndByDefault(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		info, key, err := w.APIKeys.Create(context.Background(), userstest.Draft())
		if err != nil || !info.ExpiresAt.Equal(userstest.Moment.Add(365*24*time.Hour)) {
			t.Fatalf("%+v, %v", info, err)
		}
		_, old, err := w.APIKeys.Create(context.Background(), userstest.Draft())
		if err != nil {
			t.Fatal(err)
		}
		err = w.DB.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE users_api_keys SET expires_at = NULL WHERE id <> ?`, info.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Clock.Pass(365 * 24 * time.Hour)
		_, err = w.APIKeys.Find(context.Background(), key)
		userstest.Wants(t, err, fault.NotFound, "api_key_not_found")
		if found, err := w.APIKeys.Find(context.Background(), old); err != nil || !found.ExpiresAt.IsZero() {
			t.Errorf("%+v, %v", found, err)
		}
		reply, err := w.Set.Contract().ListAPIKeys(context.Background(), &usersv1.ListAPIKeysRequest{MerchantId: "mrc_1"})
		if err != nil || len(reply.GetKeys()) != 1 || reply.GetKeys()[0].ExpiresAt != nil {
			t.Errorf("%v, %v", reply, err)
		}
	})
}

// A merchant has a hundred keys, also when 16 are made at once.
func TestFault32_KeyLimitHoldsAtOnce(t *testing.T) {
	t.Parallel()
	userstest.Each(t, func(t *testing.T, w *userstest.World) {
		for range 95 {
			if _, _, err := w.APIKeys.Create(context.Background(), userstest.Draft()); err != nil {
				t.Fatal(err)
			}
		}
		var made atomic.Int32
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				switch _, _, err := w.APIKeys.Create(context.Background(), userstest.Draft()); {
				case err == nil:
					made.Add(1)
				case fault.ReasonOf(err) != "too_many_api_keys":
					t.Error(err)
				}
			})
		}
		all.Wait()
		if made.Load() != 5 {
			t.Errorf("%d more keys, want 5", made.Load())
		}
	})
}
