package operationtest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"app/platform/fault"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

// recorder keeps the complaints of a test instead of failing it.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func TestUndocumentedStatusIsNoticed(t *testing.T) {
	t.Parallel()
	api := operation.NewAPI("items", operation.Options{})
	op := operation.Operation{Method: http.MethodPost, Path: "/v1/items", ID: "close-item", Summary: "Close", Access: operation.Public, Rate: operation.RateDefault}
	operation.Register(api, op, func(context.Context, *struct{}) (*struct{}, error) {
		return nil, fault.New(fault.PermissionDenied, "closed", "It is closed.")
	})
	log := &recorder{TB: t}
	a := operationtest.New(log, api)
	operationtest.WantProblem(t, a.Call("", "POST", "/v1/items", ""), http.StatusForbidden, "closed")
	operationtest.WantProblem(t, a.Call("", "POST", "/v1/nowhere", ""), http.StatusNotFound, "route_not_found")
	if len(log.said) != 1 || !strings.Contains(log.said[0], "close-item answered 403") {
		t.Errorf("complaints: %q", log.said)
	}
}
