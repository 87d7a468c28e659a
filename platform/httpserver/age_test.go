package httpserver_test

import (
	"net/http"
	"testing"
	"time"

	"app/platform/httpserver"
)

func TestConnectionsAge(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		age    time.Duration
		closes bool
	}{
		"OldOnesAreClosed": {time.Nanosecond, true},
		"YoungOnesAreKept": {time.Hour, false},
		"ForEverByDefault": {0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &httpserver.Server{Name: "test", Variable: "TEST_ADDR", Addr: "127.0.0.1:0", Handler: http.NotFoundHandler(), MaxAge: tc.age}
			if err := s.Listen(t.Context()); err != nil {
				t.Fatal(err)
			}
			served := make(chan error, 1)
			go func() { served <- s.Serve() }()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL(), http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			reply, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = reply.Body.Close()
			if reply.Close != tc.closes {
				t.Errorf("the reply closes the connection: %t", reply.Close)
			}
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if err := <-served; err != nil {
				t.Error(err)
			}
		})
	}
}
