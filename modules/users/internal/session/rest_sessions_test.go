package session_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/userstest"
	"app/platform/operation/operationtest"
)

func TestSessionsList(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	tokens := s.SignIn()
	s.Now = s.Now.Add(time.Minute)
	cookie := s.Browse("", "User-Agent", "Firefox", "Souk-Client-Network", "203.0.113.0/24")
	list := operationtest.ReadStrict[userstest.Page[map[string]any]](t, s.Must(200, "cookie:"+cookie.Value, "GET", "/v1/auth/sessions?limit=1", ""))
	if len(list.Data) != 1 || !list.More {
		t.Fatalf("%+v", list)
	}
	browser := list.Data[0]
	id, _ := browser["id"].(string)
	delete(browser, "id")
	want := map[string]any{
		"kind": "browser", "current": true, "device": "Firefox", "network": "203.0.113.0/24", "methods": []any{"password"},
		"created_at": "2026-03-01T12:01:00.123456Z", "last_used_at": "2026-03-01T12:01:00.123456Z", "expires_at": "2026-03-31T12:01:00.123456Z",
	}
	if diff := cmp.Diff(want, browser); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	rest := operationtest.ReadStrict[userstest.Page[map[string]any]](t, s.Must(200, tokens.AccessToken, "GET", "/v1/auth/sessions?after="+list.Next, ""))
	if len(rest.Data) != 1 || rest.Data[0]["id"] != tokens.SessionID || rest.Data[0]["current"] != true || rest.Data[0]["kind"] != "token" {
		t.Errorf("%+v", rest)
	}
	s.Must(204, tokens.AccessToken, "DELETE", "/v1/auth/sessions/"+id, "")
	operationtest.WantProblem(t, s.Call(tokens.AccessToken, "DELETE", "/v1/auth/sessions/"+id, ""), 404, "session_not_found")
	operationtest.WantProblem(t, s.Call(tokens.AccessToken, "DELETE", "/v1/auth/sessions/x", ""), 404, "session_not_found")
	operationtest.WantProblem(t, s.Call("", "GET", "/v1/auth/sessions", ""), 401, "unauthenticated")
	s.Browse("")
	if ended := s.Must(200, tokens.AccessToken, "DELETE", "/v1/auth/sessions", ""); ended.Body != "{\"ended\":1}\n" {
		t.Errorf("got %s", ended.Body)
	}
	s.Must(200, tokens.AccessToken, "GET", "/v1/users/me", "")
}
