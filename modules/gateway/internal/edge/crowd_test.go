package edge_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"app/modules/gateway/internal/edge"
	"app/platform/operation"
)

// busy is a gateway whose requests stay in hand until they are let go.
func busy(most, perNetwork int) (g *edge.Gateway, begun chan struct{}, finish chan struct{}) {
	begun, finish = make(chan struct{}, 100), make(chan struct{})
	op := operation.Operation{Method: http.MethodPost, Path: "/public", Access: operation.Public, Rate: operation.RateDefault, MaxBody: 10}
	table := edge.NewTable([]*edge.Entry{{Module: "test", Operation: op, Serve: func(http.ResponseWriter, *http.Request, *operation.Operation) {
		begun <- struct{}{}
		<-finish
	}}})
	g = &edge.Gateway{Table: table, Authenticator: door{}, Origins: http.NewCrossOriginProtection(), Crowd: edge.NewCrowd(most, perNetwork)}
	return g, begun, finish
}

func ask(g *edge.Gateway, peer string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/public", http.NoBody)
	r.RemoteAddr = peer + ":1"
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

// Beyond what the gateway can hold, and beyond one network's share of it, requests are
// refused at once; places come back.
func TestFailure39_MoreAtOnceThanTheGatewayHolds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		most, perNetwork int
		peers            []string // that are in hand
		next             string
		want             int
	}{
		"ErrGatewayFull":   {3, 3, []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}, "192.0.2.4", 503},
		"ErrShareTaken":    {10, 2, []string{"192.0.2.1", "192.0.2.1"}, "192.0.2.1", 429},
		"ErrShareOfIPv6":   {10, 2, []string{"[2001:db8::1]", "[2001:db8::2]"}, "[2001:db8::3]", 429},
		"OthersGoOn":       {10, 2, []string{"192.0.2.1", "192.0.2.1"}, "192.0.2.2", 200},
		"NoShareIsNoBound": {10, 0, []string{"192.0.2.1", "192.0.2.1", "192.0.2.1"}, "192.0.2.1", 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, begun, finish := busy(tc.most, tc.perNetwork)
			done := make(chan int, len(tc.peers))
			for _, peer := range tc.peers {
				go func() { done <- ask(g, peer).Code }()
				<-begun
			}
			last := make(chan *httptest.ResponseRecorder, 1)
			go func() { last <- ask(g, tc.next) }()
			if tc.want == http.StatusOK {
				<-begun
				close(finish)
			}
			select {
			case w := <-last:
				if w.Code != tc.want || tc.want != http.StatusOK && w.Header().Get("Retry-After") == "" {
					t.Errorf("%d %v", w.Code, w.Header())
				}
			case <-begun:
				t.Error("one too many is in hand")
			}
			if tc.want != http.StatusOK {
				close(finish)
			}
			for range tc.peers {
				if code := <-done; code != http.StatusOK {
					t.Errorf("one in hand: %d", code)
				}
			}
			if w := ask(g, tc.next); w.Code != http.StatusOK {
				t.Errorf("afterwards: %d", w.Code)
			}
		})
	}
}
