package operationtest

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"

	"app/platform/operation"
)

// New makes an API of a module's operations. A reply with a status that its operation
// does not document fails the test.
func New(t testing.TB, api *operation.API) API {
	t.Helper()
	next := api.Handler()
	router, ok := next.(*mux.Router)
	if !ok {
		t.Fatalf("operations are served by a %T, not by gorilla's router", next)
	}
	check := func(w http.ResponseWriter, r *http.Request) {
		reply := httptest.NewRecorder()
		next.ServeHTTP(reply, r)
		op, statuses := documentedStatuses(api, router, r)
		if statuses != nil && statuses[strconv.Itoa(reply.Code)] == nil {
			t.Errorf("%s answered %d, which its declaration leaves out: add it to Errors", op, reply.Code)
		}
		copyReply(w, reply)
	}
	return API{TB: t, Handler: http.HandlerFunc(check)}
}

// documentedStatuses names the operation of a request, and gives the responses that the
// public document has of it: nil when it has none.
func documentedStatuses(api *operation.API, router *mux.Router, r *http.Request) (string, map[string]*huma.Response) {
	var match mux.RouteMatch
	if !router.Match(r, &match) || match.MatchErr != nil {
		return "", nil
	}
	for _, op := range api.Operations() {
		if api.Endpoint(op.ID) != match.Handler || op.Undocumented {
			continue
		}
		item := api.OpenAPI().Paths[op.Path]
		for _, spec := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if spec != nil && spec.OperationID == op.ID {
				return op.ID, spec.Responses
			}
		}
	}
	return "", nil
}

func copyReply(w http.ResponseWriter, reply *httptest.ResponseRecorder) {
	for name, values := range reply.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(reply.Code)
	_, _ = w.Write(reply.Body.Bytes()) // into the recorder of Send
}
