package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/e2e/harness/load"
)

func TestSeedFigures(t *testing.T) {
	t.Parallel()
	list := workload{name: "list", note: "what differs"}
	t.Run("Both", func(t *testing.T) {
		t.Parallel()
		figures := seedFigures(list, [][]bill{{{total: 50}, {total: 40}, {total: 45}}, {{900, "users 900"}, {1000, "users 1,000"}, {800, "users 800"}}})
		ours := value(t, figures, "list: processor time, smallest round")
		if ours.Value != 40 || ours.Note != "rounds: 50, 40, 45; what differs" {
			t.Errorf("ours: %+v", ours)
		}
		if theirs := value(t, figures, "list: the FastAPI design, same rounds"); theirs.Value != 800 || theirs.Note != "rounds: 900, 1,000, 800; of the smallest: users 800" {
			t.Errorf("theirs: %+v", theirs)
		}
		if times := value(t, figures, "list: it takes so many times ours"); times.Value != 20 {
			t.Errorf("times: %+v", times)
		}
	})
	t.Run("OursOnlyWhereTheirsIsNotInstalled", func(t *testing.T) {
		t.Parallel()
		if figures := seedFigures(list, [][]bill{{{total: 50}, {total: 40}, {total: 45}}}); len(figures) != 1 || figures[0].Value != 40 {
			t.Errorf("figures: %+v", figures)
		}
	})
}

func TestBill(t *testing.T) {
	t.Parallel()
	d := design{parts: []part{{name: "database"}, {name: "users"}}}
	got := d.bill([]time.Duration{time.Second, 0}, []time.Duration{3 * time.Second, time.Second}, 1000)
	if want := (bill{3000, "database 2,000, users 1,000"}); got != want {
		t.Errorf("bill = %+v, want %+v", got, want)
	}
}

func TestPackagesOf(t *testing.T) {
	t.Parallel()
	found := strings.Fields("fastapi uvicorn uvloop httptools jwt passlib bcrypt multipart\n")
	if diff := cmp.Diff([]string{"python3-httpx", "python3-mysqldb"}, packagesOf(found)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if all := packagesOf(nil); len(all) != len(fastAPINeeds) {
		t.Errorf("without any: %v", all)
	}
}

func openedSink(t *testing.T) *sink {
	t.Helper()
	s, err := openSink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSink(t *testing.T) {
	t.Parallel()
	t.Run("CountsLetters", func(t *testing.T) {
		t.Parallel()
		s := openedSink(t)
		for range 2 {
			err := smtp.SendMail(net.JoinHostPort("127.0.0.1", s.port()), nil, "shop@shop.example", []string{"ada@shop.example"}, []byte("Subject: x\r\n\r\n.\r\nDATA\r\n"))
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(s.await(t.Context(), 2), s.close()); err != nil || s.taken() != 2 {
			t.Errorf("%d letters, %v, want 2", s.taken(), err)
		}
	})
	t.Run("ErrCancelled", func(t *testing.T) {
		t.Parallel()
		s := openedSink(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.await(ctx, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("await: %v", err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("CloseEndsConnections", func(t *testing.T) {
		t.Parallel()
		s := openedSink(t)
		c, err := smtp.Dial(net.JoinHostPort("127.0.0.1", s.port()))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
		if err := c.Noop(); err == nil {
			t.Error("a closed sink answers")
		}
	})
}

// A reply with the right status and something else in it is a failure: who answers that
// looks quick.
func TestTask(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "nobody") }))
	t.Cleanup(server.Close)
	list := task{status: http.StatusOK, request: func(int) []byte { return load.Request(http.MethodGet, "/users", nil) }}
	for holds, failed := range map[string]int{"": 0, "nobody": 0, "ada@shop.example": 3} {
		list.holds = holds
		o := load.Run(t.Context(), load.Plan{Address: server.Listener.Addr().String(), Callers: 1, Count: 3, Work: list.do})
		if o.Failed != failed || o.Done != 3-failed {
			t.Errorf("%q: %d done, %d failed, want %d failed", holds, o.Done, o.Failed, failed)
		}
	}
}
