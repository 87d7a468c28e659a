package e2e_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"app/e2e/harness/shop"
	"app/modules/users/usersv1"
)

// tap stands between the gateway and a module and keeps what passes, as somebody on the
// network could.
type tap struct {
	mu    sync.Mutex
	heard []*http.Request
}

func (w *tap) last(t *testing.T) *http.Request {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.heard) - 1; i >= 0; i-- {
		if w.heard[i].Method == http.MethodGet {
			return w.heard[i]
		}
	}
	t.Fatal("nothing was heard")
	return nil
}

// A stranger who reads along between the processes takes the assertion of somebody's
// GET, and asks users for an API key by it.
func TestFault10_ACapturedAssertionMakesNoKeys(t *testing.T) {
	t.Parallel()
	s := shop.Open(t, shop.Processes, nil)
	users, gateway := s.Part(t, "users"), s.Part(t, "gateway")
	behind := must(url.Parse("http://" + users.Env["HTTP_ADDR"]))(t)
	w := &tap{}
	proxy := httputil.NewSingleHostReverseProxy(behind)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.heard = append(w.heard, r.Clone(t.Context()))
		w.mu.Unlock()
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	gateway.Stop(t)
	gateway.Env["USERS_URL"] = server.URL
	gateway.Start(t)
	gateway.AwaitReady(t)
	reply := must(s.Client.Do(t.Context(), http.MethodGet, "/.well-known/jwks.json", nil))(t)
	if reply.Status != http.StatusOK {
		t.Fatalf("the way over the tap: %d", reply.Status)
	}
	captured := w.last(t).Header
	body := must(proto.Marshal(&usersv1.CreateAPIKeyRequest{MerchantId: "mrc_01m7wfdfmdf70t97dnvpejcs5a", Name: "mine", Scopes: []string{"catalog:read"}}))(t)
	for path, want := range map[string]int{
		"/rpc/souk.users.v1.Users/CreateAPIKey": http.StatusForbidden,    // no business of the gateway's
		"/rpc/souk.users.v1.Users/Session":      http.StatusUnauthorized, // the gateway's, under another assertion
	} {
		if status, text := askUsers(t, http.MethodPost, behind.String()+path, captured, body); status != want {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if status, text := askUsers(t, http.MethodGet, behind.String()+"/.well-known/jwks.json", captured, nil); status != http.StatusUnauthorized {
		t.Errorf("the same once more: %d %s", status, text)
	}
}

// askUsers sends a request to users with the header of another.
func askUsers(t *testing.T, method, target string, captured http.Header, body []byte) (int, string) {
	t.Helper()
	r := must(http.NewRequestWithContext(t.Context(), method, target, bytes.NewReader(body)))(t)
	r.Header = captured.Clone()
	r.Header.Set("Content-Type", "application/proto")
	reply := must(http.DefaultClient.Do(r))(t)
	defer reply.Body.Close()
	return reply.StatusCode, string(must(io.ReadAll(reply.Body))(t))
}
