package emailpage_test

import (
	"strings"
	"testing"

	"app/modules/users/internal/userstest"
	"app/platform/operation/operationtest"
)

// Nothing of where a request claims to come from or go to may get into an e-mail: what
// users emits has no addresses but the recipient's and, for links, the one that is
// configured.
func TestFailure27_NothingFromTheHostHeader(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	evil := []string{
		"Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "evil", "Forwarded", "host=evil.example",
		"X-Forwarded-Prefix", "/evil", "X-Original-URL", "https://evil.example", "Origin", "https://evil.example", "Referer", "https://evil.example/",
	}
	s.Must(202, "", "POST", "/v1/auth/register", userstest.Registration(), evil...)
	s.Must(200, "", "POST", "/v1/auth/verify", userstest.Object("email", userstest.Address, "code", s.Code(), "password", userstest.Password), evil...)
	s.Must(202, "", "POST", "/v1/auth/register", userstest.Registration(), evil...)
	s.Must(202, "", "POST", "/v1/auth/code", userstest.Object("email", userstest.Address), evil...)
	s.Must(202, "", "POST", "/v1/auth/password/forgot", userstest.Object("email", userstest.Address), evil...)
	payloads := s.Payloads()
	if len(payloads) != 5 {
		t.Fatalf("%d events", len(payloads))
	}
	for _, payload := range payloads {
		if text := strings.ReplaceAll(string(payload), userstest.Shop+"/v1/auth/letter?", ""); strings.Contains(text, "evil") || strings.Contains(text, "://") {
			t.Errorf("an event says %q", text)
		}
	}
	for _, r := range []operationtest.Reply{s.Call("", "POST", "/v1/auth/login", userstest.Object("email", userstest.Address, "password", userstest.Password), evil...)} {
		if strings.Contains(r.Body, "evil") {
			t.Errorf("a reply says %q", r.Body)
		}
	}
}
