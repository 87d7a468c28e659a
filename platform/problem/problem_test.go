package problem_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"app/platform/fault"
	"app/platform/operation"
	"app/platform/operation/operationtest"
	"app/platform/problem"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

func TestWriteProblem(t *testing.T) {
	t.Parallel()
	secret := errors.New("dial tcp 10.0.0.7: password=hunter2")
	for name, c := range map[string]struct {
		err        error
		status     int
		code       string
		retryAfter string
	}{
		"invalid":               {fault.Invalid(fault.Field{Pointer: "/a", Detail: "no"}), 422, "validation_failed", ""},
		"wrapped":               {fmt.Errorf("find order: %w", fault.Missing("order")), 404, "order_not_found", ""},
		"denied":                {fault.New(fault.PermissionDenied, "permission_denied", "no"), 403, "permission_denied", ""},
		"exists":                {fault.New(fault.AlreadyExists, "slug_taken", "no"), 409, "slug_taken", ""},
		"aborted":               {fault.New(fault.Aborted, "aborted", "no"), 409, "aborted", ""},
		"state":                 {fault.New(fault.FailedPrecondition, "stock_short", "no"), 409, "stock_short", ""},
		"version":               {fault.New(fault.VersionMismatch, "version_mismatch", "no"), 412, "version_mismatch", ""},
		"limit":                 {&fault.Error{Code: fault.ResourceExhausted, Reason: "too_many_codes", RetryAfter: 1500 * time.Millisecond}, 429, "too_many_codes", "2"},
		"canceled":              {fmt.Errorf("read: %w", context.Canceled), 499, "canceled", ""},
		"deadline":              {fmt.Errorf("read: %w", context.DeadlineExceeded), 504, "deadline_exceeded", ""},
		"unavailable":           {fault.New(fault.Unavailable, "module_down", "secret").Because(secret), 503, "module_down", "1"},
		"unimplemented":         {fault.New(fault.Unimplemented, "unimplemented", "secret"), 501, "unimplemented", ""},
		"internal":              {fault.New(fault.Internal, "secret_reason", "secret").Because(secret), 500, "internal", ""},
		"unknown":               {secret, 500, "internal", ""},
		"callee says not found": {&fault.CallError{Module: "catalog", Method: "Get", Code: fault.NotFound, Reason: "secret"}, 500, "internal", ""},
		"callee is down":        {&fault.CallError{Module: "catalog", Method: "Get", Code: fault.Unavailable, Reason: "secret"}, 503, "dependency_unavailable", "1"},
		"problem":               {fmt.Errorf("x: %w", problem.New(428, "precondition_required", "no")), 428, "precondition_required", ""},
		"unauthenticated":       {fault.New(fault.Unauthenticated, "token_expired", ""), 401, "token_expired", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			problem.Write(w, httptest.NewRequest(http.MethodGet, "/", nil), c.err)
			got := operationtest.Reply{Status: w.Code, Header: w.Header(), Body: w.Body.String()}
			p := got.Problem(t)
			if p.Status != c.status || p.Code != c.code || got.Header.Get("Retry-After") != c.retryAfter {
				t.Errorf("got %d %s, Retry-After %q", p.Status, p.Code, got.Header.Get("Retry-After"))
			}
			if strings.Contains(got.Body, "secret") || strings.Contains(got.Body, "hunter2") {
				t.Errorf("text of a 5xx left: %s", got.Body)
			}
		})
	}
}

func TestProblemsPageNamesEveryCode(t *testing.T) {
	t.Parallel()
	a := operation.NewAPI("catalog", operation.Options{})
	a.Problems(fault.Reason{Code: "stock_short", Status: 409, Title: "Not enough in stock", Help: "Order <less>."})
	got := operationtest.Send(operation.ProblemsPage(a), operationtest.Nobody, http.MethodGet, "/docs/problems", "")
	codes := []string{"stock_short", "validation_failed", "malformed_json", "internal", "idempotency_in_flight"}
	if !slices.ContainsFunc(codes, func(code string) bool { return !strings.Contains(got.Body, `id="`+code+`"`) }) && strings.Contains(got.Body, "&lt;less&gt;") {
		return
	}
	t.Errorf("page lacks a code or escapes badly: %s", got.Body)
}
