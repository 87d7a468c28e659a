package dispatch_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"app/modules/gateway/internal/dispatch"
)

// Nobody waits for a module that has kept others waiting in vain, and it is used again
// when it answers.
func TestRemote_NobodyWaitsForAModuleThatHangs(t *testing.T) {
	t.Parallel()
	var mended atomic.Bool
	release := make(chan struct{})
	module := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if !mended.Load() {
			<-release
		}
	}))
	t.Cleanup(module.Close)
	t.Cleanup(func() { close(release) })
	base, _ := url.Parse(module.URL)
	remote := dispatch.NewRemote("orders", base, dispatch.NewTransport(), newSigner(t), slog.New(slog.DiscardHandler))
	ask := func(patience time.Duration) *httptest.ResponseRecorder {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		w := httptest.NewRecorder()
		remote.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/things/1", http.NoBody), declared)
		return w
	}
	for range 10 {
		if w := ask(20 * time.Millisecond); w.Code != http.StatusGatewayTimeout {
			t.Fatalf("a module that hangs: %d", w.Code)
		}
	}
	if w := ask(time.Minute); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("after ten in vain: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	mended.Store(true)
	deadline := time.After(time.Minute)
	for w := ask(time.Minute); w.Code != http.StatusOK; w = ask(time.Minute) {
		select {
		case <-deadline:
			t.Fatalf("a module that is back: %d", w.Code)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
