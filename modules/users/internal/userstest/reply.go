package userstest

import (
	"context"
	"strings"
	"time"

	"app/platform/identity"
	"app/platform/identity/token"
	"app/platform/operation/operationtest"
)

// Call makes a request; access, when not empty, is the token of the caller, or
// "cookie:" and the value of the session's cookie, as the gateway has verified it.
func (s *Site) Call(access, method, path, body string, headers ...string) operationtest.Reply {
	s.t.Helper()
	return operationtest.Send(s.handler, s.principalOf(access), method, path, body, headers...)
}

// principalOf is who calls with what the gateway has verified.
func (s *Site) principalOf(access string) identity.Principal {
	s.t.Helper()
	if access == "" {
		return operationtest.Nobody
	}
	if value, ok := strings.CutPrefix(access, "cookie:"); ok {
		b, err := s.Subjects.Sessions.Browser(context.Background(), value)
		if err != nil {
			s.t.Fatal(err)
		}
		return identity.Principal{UserID: b.UserID, SessionID: b.SessionID, Admin: b.Admin, Method: identity.Session}
	}
	clock := func() time.Time { return s.Now }
	claims, err := token.NewVerifier(token.NewKeys(s.Subjects.Keys.Set, clock), clock).Verify(context.Background(), access)
	if err != nil {
		s.t.Fatal(err)
	}
	return claims.Principal()
}

// Must calls and wants the status.
func (s *Site) Must(status int, access, method, path, body string, headers ...string) operationtest.Reply {
	s.t.Helper()
	got := s.Call(access, method, path, body, headers...)
	if got.Status != status {
		s.t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Body)
	}
	return got
}
