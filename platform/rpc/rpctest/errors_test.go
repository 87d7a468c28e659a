package rpctest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/rpc"
	"app/platform/rpc/rpctest"
	"app/platform/rpc/rpctest/parityv1"
)

const secret = "db host pg-3 refused user souk"

func TestErrors(t *testing.T) {
	t.Parallel()
	hint := &parityv1.Hint{Text: "two left"}
	fields := []fault.Field{{Pointer: "/lines/0/quantity", Detail: "at least 1"}}
	downstream := func(code fault.Code, reason string) error {
		return &fault.CallError{Module: "catalog", Method: "Reserve", Code: code, Reason: reason, Details: []proto.Message{hint}}
	}
	internal := fault.CallError{Code: fault.Internal, Reason: "internal"}
	cases := map[string]struct {
		answer error
		want   fault.CallError
		logged int // lines in the callee's log
	}{
		"Verdict": {
			answer: fault.New(fault.FailedPrecondition, "stock_short", secret).With(hint).Because(errors.New(secret)),
			want:   fault.CallError{Code: fault.FailedPrecondition, Reason: "stock_short", Details: []proto.Message{hint}},
		},
		"VerdictWrapped": {
			answer: fmt.Errorf("%s: %w", secret, fault.Missing("product")),
			want:   fault.CallError{Code: fault.NotFound, Reason: "product_not_found"},
		},
		"Fields": {
			answer: fault.Invalid(fields...),
			want:   fault.CallError{Code: fault.InvalidArgument, Reason: "validation_failed", Fields: fields},
		},
		"RetryAfter": {
			answer: &fault.Error{Code: fault.ResourceExhausted, Reason: "too_many", RetryAfter: 90 * time.Second},
			want:   fault.CallError{Code: fault.ResourceExhausted, Reason: "too_many", RetryAfter: 90 * time.Second},
		},
		"RetryAfterNotBelieved": {
			answer: &fault.Error{Code: fault.ResourceExhausted, Reason: "too_many", RetryAfter: 48 * time.Hour},
			want:   fault.CallError{Code: fault.ResourceExhausted, Reason: "too_many", RetryAfter: time.Hour},
		},
		"InternalVerdict":         {answer: fault.New(fault.Internal, "ledger_broken", secret), want: fault.CallError{Code: fault.Internal, Reason: "ledger_broken"}, logged: 1},
		"Unknown":                 {answer: errors.New(secret), want: internal, logged: 1},
		"Sentinel":                {answer: io.EOF, want: internal, logged: 1},
		"Cancelled":               {answer: context.Canceled, want: fault.CallError{Code: fault.Canceled, Reason: "canceled"}},
		"DeadlineWrapped":         {answer: fmt.Errorf("query: %w", context.DeadlineExceeded), want: fault.CallError{Code: fault.DeadlineExceeded, Reason: "deadline_exceeded"}},
		"DownstreamVerdict":       {answer: downstream(fault.NotFound, "product_not_found"), want: internal, logged: 1},
		"DownstreamInternal":      {answer: downstream(fault.Internal, "internal"), want: internal}, // logged downstream
		"DownstreamUnavailable":   {answer: fmt.Errorf("reserve: %w", downstream(fault.Unavailable, "module_down")), want: fault.CallError{Code: fault.Unavailable, Reason: "dependency_unavailable", RetryAfter: time.Second}},
		"DownstreamDeadline":      {answer: downstream(fault.DeadlineExceeded, "deadline_exceeded"), want: fault.CallError{Code: fault.DeadlineExceeded, Reason: "dependency_deadline_exceeded", RetryAfter: time.Second}},
		"CodeOutsideTheSet":       {answer: fault.New("teapot", "short_and_stout", ""), want: fault.CallError{Code: fault.Internal, Reason: "unknown_code"}},
		"ReasonNotUTF8":           {answer: fault.New(fault.Aborted, "a\xffb", ""), want: fault.CallError{Code: fault.Aborted, Reason: "a\uFFFDb"}},
		"DetailNotUTF8":           {answer: fault.New(fault.Aborted, "lost", "").With(&parityv1.Hint{Text: "\xff"}), want: fault.CallError{Code: fault.Aborted, Reason: "lost"}, logged: 1},
		"DetailNil":               {answer: fault.New(fault.Aborted, "lost", "").With(nil), want: fault.CallError{Code: fault.Aborted, Reason: "lost"}, logged: 1},
		"DetailsOverLimit":        {answer: fault.New(fault.Aborted, "lost", "").With(&parityv1.Hint{Text: strings.Repeat("x", rpc.MaxMessage)}), want: fault.CallError{Code: fault.Aborted, Reason: "lost"}, logged: 1},
		"PermissionDeniedWithout": {answer: fault.New(fault.PermissionDenied, "not_owner", ""), want: fault.CallError{Code: fault.PermissionDenied, Reason: "not_owner"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
				r := newRow(t, way, rpc.Options{})
				r.act = func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
					return &parityv1.ActResponse{Text: "beside an error"}, tc.answer
				}
				got, err := r.client.Act(callctx.WithRequestID(context.Background(), "req_1"), &parityv1.ActRequest{})
				want := tc.want
				want.Method = "Act"
				wantCall(t, err, want)
				if got != nil {
					t.Error("a response beside an error")
				}
				if strings.Contains(err.Error(), secret) || errors.Is(err, tc.answer) {
					t.Errorf("the callee's error crossed: %v", err)
				}
				lines := r.logs.with(t, "")
				if len(lines) != tc.logged {
					t.Fatalf("logged %d lines: %v", len(lines), lines)
				}
				for _, line := range lines {
					if line["module"] != "parity" || line["caller"] != "orders" || line["request_id"] != "req_1" {
						t.Errorf("log line %v", line)
					}
				}
			})
		})
	}
}

func TestEveryCodeCrosses(t *testing.T) {
	t.Parallel()
	for _, code := range []fault.Code{
		fault.InvalidArgument, fault.Unauthenticated, fault.PermissionDenied, fault.NotFound, fault.AlreadyExists, fault.Aborted,
		fault.FailedPrecondition, fault.VersionMismatch, fault.ResourceExhausted, fault.Canceled, fault.DeadlineExceeded,
		fault.Unavailable, fault.Unimplemented, fault.Internal,
	} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
				r := newRow(t, way, rpc.Options{})
				r.act = func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
					return nil, fault.New(code, "because", "")
				}
				_, err := r.client.Act(context.Background(), &parityv1.ActRequest{})
				wantCall(t, err, fault.CallError{Method: "Act", Code: code, Reason: "because"})
			})
		})
	}
}

// The details of an error are copies, as messages are.
func TestErrorDetailsAreCopied(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{})
		kept := &parityv1.Hint{Text: "kept"}
		r.act = func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			return nil, fault.New(fault.Aborted, "lost", "").With(kept)
		}
		_, err := r.client.Act(context.Background(), &parityv1.ActRequest{})
		var call *fault.CallError
		if !errors.As(err, &call) || len(call.Details) != 1 {
			t.Fatalf("got %v", err)
		}
		hint, ok := call.Details[0].(*parityv1.Hint)
		if !ok || hint == kept {
			t.Errorf("got %v, want a copy of the detail", call.Details[0])
		}
	})
}

func TestPanic(t *testing.T) {
	t.Parallel()
	for name, crash := range map[string]func(){
		"Text":    func() { panic(secret) },
		"Error":   func() { panic(errors.New(secret)) },
		"Runtime": func() { _ = []string{}[len(secret)] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
				r := newRow(t, way, rpc.Options{})
				r.act = func(_ context.Context, req *parityv1.ActRequest) (*parityv1.ActResponse, error) {
					if req.GetText() == "crash" {
						crash()
					}
					return &parityv1.ActResponse{Text: "alive"}, nil
				}
				_, err := r.client.Act(context.Background(), &parityv1.ActRequest{Text: "crash"})
				wantCall(t, err, fault.CallError{Method: "Act", Code: fault.Internal, Reason: "internal"})
				lines := r.logs.with(t, "")
				if len(lines) != 1 || lines[0]["msg"] != "call panicked" || lines[0]["module"] != "parity" {
					t.Fatalf("logged %v", lines)
				}
				if stack, _ := lines[0]["stack"].(string); !strings.Contains(stack, "errors_test.go") {
					t.Errorf("the stack does not show where: %v", lines[0]["stack"])
				}
				if got, err := r.client.Act(context.Background(), &parityv1.ActRequest{}); err != nil || got.GetText() != "alive" {
					t.Errorf("after the panic: %v, %v", got, err)
				}
			})
		})
	}
}

// A goroutine may also end without a panic, as when a test fails inside a fake.
func TestCalleeExits(t *testing.T) {
	t.Parallel()
	rpctest.Each(t, func(t *testing.T, way rpctest.Way) {
		r := newRow(t, way, rpc.Options{})
		r.act = func(context.Context, *parityv1.ActRequest) (*parityv1.ActResponse, error) {
			runtime.Goexit()
			return &parityv1.ActResponse{}, nil
		}
		_, err := r.client.Act(context.Background(), &parityv1.ActRequest{})
		wantCall(t, err, fault.CallError{Method: "Act", Code: fault.Internal, Reason: "internal"})
	})
}
