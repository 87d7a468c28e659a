package service_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"app/modules/merchants/internal/service"
	"app/modules/merchants/merchantsevents"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
)

// letter reads the event that becomes the e-mail of an invitation.
func letter(t *testing.T, db *database.DB, invitation string) *merchantsevents.Invited {
	t.Helper()
	var payload []byte
	err := db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, `SELECT payload FROM events_outbox WHERE aggregate_id = ?`, invitation).Scan(&payload)
	})
	out := &merchantsevents.Invited{}
	if err == nil {
		err = proto.Unmarshal(payload, out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// token is what an e-mail's code proves the address with.
func token(l *merchantsevents.Invited) string {
	_, token, _ := strings.Cut(l.GetCode(), "-")
	return token
}

// join has an owner invite somebody, who accepts.
func join(t *testing.T, s *service.Service, owner, merchant, user string, role merchantsv1.Role) {
	t.Helper()
	i, err := s.Invite(as(owner), merchant, service.Offer{Email: user + "@example.com", Role: role})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := s.Accept(as(user), i.ID, token(letter(t, s.DB, i.ID))); err != nil || m.Role != role {
		t.Fatalf("%+v, %v", m, err)
	}
}
