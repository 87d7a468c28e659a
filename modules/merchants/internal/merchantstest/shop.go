// Package merchantstest is the whole module over a test database, with a users module
// made by hand.
package merchantstest

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/merchants/internal/apikey"
	"app/modules/merchants/internal/contract"
	"app/modules/merchants/internal/invitation"
	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchant"
	"app/modules/merchants/merchantsevents"
	"app/modules/merchants/merchantsv1"
	"app/modules/merchants/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/idempotency"
	"app/platform/identity"
)

// Start is when the clock of a shop begins.
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Shop is merchants on a database of its own, and a clock that stands still. New
// merchants may sell at once unless a test says otherwise.
type Shop struct {
	DB          *database.DB
	Members     *member.Service
	Merchants   *merchant.Service
	Invitations *invitation.Service
	Keys        *apikey.Service
	Contract    *contract.Handler

	T   testing.TB
	now atomic.Int64
}

// users is what the subjects ask of the users module.
type users interface {
	merchant.Users
	apikey.Users
}

// Each runs the test on every engine, in a shop whose users are Everybody.
func Each(t *testing.T, run func(t *testing.T, s *Shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *database.DB) { run(t, newShop(t, db, Everybody{}, Start)) }, allMigrations()...)
}

func allMigrations() []fs.FS {
	return []fs.FS{
		database.Named("events", events.Migrations), database.Named("http", idempotency.Migrations), migrations.Files,
	}
}

func newShop(t testing.TB, db *database.DB, u users, start time.Time) *Shop {
	s := &Shop{DB: db, T: t}
	s.now.Store(start.UnixMicro())
	s.Merchants = merchant.New(merchant.Options{
		DB: db, Users: u, Now: s.Now, AutoApprove: true, Limits: merchant.Limits{PerAccount: 30, Pending: 3},
	})
	s.Invitations = invitation.New(invitation.Options{
		DB: db, Now: s.Now, PublicURL: "https://shop.example/", Limits: invitation.Limits{PerDay: 20, Pending: 10, Life: 7 * 24 * time.Hour},
	})
	s.Members = member.New(member.Options{DB: db, Keys: u, Invitations: s.Invitations})
	s.Keys = apikey.New(apikey.Options{DB: db, Users: u, Now: s.Now, Life: 365 * 24 * time.Hour})
	s.Contract = contract.New(s.Members, s.Merchants)
	return s
}

// Now is the time of the clock.
func (s *Shop) Now() time.Time { return time.UnixMicro(s.now.Load()).UTC() }

// Advance sets the clock forward.
func (s *Shop) Advance(d time.Duration) { s.now.Add(d.Microseconds()) }

// As is a context in which the user calls.
func As(userID string) context.Context {
	return identity.NewContext(context.Background(), identity.Principal{UserID: userID, Method: identity.Bearer})
}

// Unproven is a context in which the user calls in a session with one factor where two
// are demanded.
func Unproven(userID string) context.Context {
	return identity.NewContext(context.Background(), identity.Principal{UserID: userID, Method: identity.Bearer}.Withhold())
}

// Open opens a merchant.
func (s *Shop) Open(ownerID, name string) merchant.View {
	s.T.Helper()
	v, err := s.Merchants.Open(As(ownerID), merchant.Draft{Name: name})
	s.failOn(err)
	return v
}

// RoleOf asks the contract for the role of a user.
func (s *Shop) RoleOf(merchantID, userID string) merchantsv1.Role {
	s.T.Helper()
	reply, err := s.Contract.Member(context.Background(), &merchantsv1.MemberRequest{MerchantId: merchantID, UserId: userID})
	s.failOn(err)
	return reply.GetRole()
}

// Join has an owner invite somebody, who accepts.
func (s *Shop) Join(ownerID, merchantID, userID string, role merchantsv1.Role) {
	s.T.Helper()
	i, err := s.Invitations.Invite(As(ownerID), merchantID, member.Offer{Email: userID + "@example.com", Role: role})
	s.failOn(err)
	if m, err := s.Invitations.Accept(As(userID), i.InvitationID, s.Token(i.InvitationID)); err != nil || m.Role != role {
		s.T.Fatalf("%+v, %v", m, err)
	}
}

// Invited is the event that becomes the e-mail of an invitation.
func (s *Shop) Invited(invitationID string) *merchantsevents.Invited {
	s.T.Helper()
	out := &merchantsevents.Invited{}
	s.ReadEvent(out, `SELECT payload FROM events_outbox WHERE aggregate_id = ?`, invitationID)
	return out
}

// Token is what an invitation's code proves the address with.
func (s *Shop) Token(invitationID string) string {
	s.T.Helper()
	_, token, _ := strings.Cut(s.Invited(invitationID).GetCode(), "-")
	return token
}

// ReadEvent reads the one event whose payload the query selects.
func (s *Shop) ReadEvent(into proto.Message, query string, args ...any) {
	s.T.Helper()
	payload, err := database.Read(context.Background(), s.DB, func(ctx context.Context, q *database.Tx) (payload []byte, err error) {
		return payload, q.QueryRow(ctx, query, args...).Scan(&payload)
	})
	s.failOn(err, proto.Unmarshal(payload, into))
}

// Emitted lists the types of all events, oldest first.
func (s *Shop) Emitted() (types []string) {
	s.T.Helper()
	s.failOn(s.DB.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		rows, err := q.Query(ctx, `SELECT type FROM events_outbox ORDER BY seq`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			types = append(types, name)
		}
		return rows.Err()
	}))
	return types
}

// Exec runs a statement.
func (s *Shop) Exec(query string, args ...any) {
	s.T.Helper()
	s.failOn(s.DB.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	}))
}

// failOn fails the test at any error.
func (s *Shop) failOn(errs ...error) {
	s.T.Helper()
	if err := errors.Join(errs...); err != nil {
		s.T.Fatal(err)
	}
}

// AtOnce runs the same work 16 times at the same moment and counts how often it
// succeeded. Every other outcome has the reason.
func AtOnce(t testing.TB, reason string, work func(n int) error) (done int32) {
	t.Helper()
	var ok atomic.Int32
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			switch err := work(n); {
			case err == nil:
				ok.Add(1)
			case fault.ReasonOf(err) != reason:
				t.Errorf("%d: %v, want %s", n, err, reason)
			}
		})
	}
	all.Wait()
	return ok.Load()
}
