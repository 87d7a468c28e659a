package rpctest_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"app/platform/fault"
	"app/platform/rpc"
	"app/platform/rpc/rpctest"
)

// link does what a test says.
type link struct {
	carry    func(send func() error) error
	twice    bool
	repeated atomic.Int64
}

func (l *link) Carry(_ context.Context, send func() error) error {
	if l.carry == nil {
		return send()
	}
	return l.carry(send)
}

func (l *link) Twice() bool { return l.twice }

func (l *link) Repeated() { l.repeated.Add(1) }

// What may be repeated is, and its caller gets the second answer.
func TestLink_Twice(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]int64{"Act": 1, "Put": 2, "Look": 2} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
				over := &link{twice: true}
				r := newRowOver(t, way, rpc.Options{}, over)
				var n atomic.Int64
				counted(r, &n, func(n int64) error { return first(n, fault.New(fault.Aborted, "lost", "")) })
				err := r.call(context.Background(), kind)
				if n.Load() != want || over.repeated.Load() != want-1 {
					t.Errorf("ran %d times and was repeated %d times, want %d runs", n.Load(), over.repeated.Load(), want)
				}
				if second := err == nil; second != (want == 2) {
					t.Errorf("got %v, want the answer of the last run", err)
				}
			})
		})
	}
}

// What a link loses is to its caller a connection that broke: unavailable, and repeated
// where that is allowed.
func TestLink_Lost(t *testing.T) {
	t.Parallel()
	lost := errors.New("lost")
	message := func(func() error) error { return lost }
	answer := func(send func() error) error { return errors.Join(lost, send()) }
	once := func(lose func(func() error) error) func(func() error) error {
		var n atomic.Int64
		return func(send func() error) error {
			if n.Add(1) == 1 {
				return lose(send)
			}
			return send()
		}
	}
	for name, tc := range map[string]struct {
		kind  string
		carry func(send func() error) error
		runs  int64
		want  fault.Code // empty: OK
	}{
		"MessageOfAct":  {"Act", message, 0, fault.Unavailable},
		"AnswerOfAct":   {"Act", answer, 1, fault.Unavailable},
		"MessageOnce":   {"Put", once(message), 1, ""},
		"AnswerOnce":    {"Put", once(answer), 2, ""},
		"AnswersAlways": {"Look", answer, 2, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			over := &link{carry: tc.carry}
			r := newRowOver(t, rpctest.Remote, rpc.Options{}, over)
			var n atomic.Int64
			counted(r, &n, func(int64) error { return nil })
			err := r.call(context.Background(), tc.kind)
			if n.Load() != tc.runs {
				t.Errorf("ran %d times, want %d", n.Load(), tc.runs)
			}
			if tc.want == "" && err != nil || tc.want != "" && (fault.CodeOf(err) != tc.want || fault.ReasonOf(err) != "connection_lost") {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if repeats := over.repeated.Load(); (repeats == 1) != (tc.kind != "Act") {
				t.Errorf("repeated %d times", repeats)
			}
		})
	}
}
