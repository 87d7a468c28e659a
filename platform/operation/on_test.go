package operation_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"app/platform/operation"
	"app/platform/operation/operationtest"
)

// greeter is what a module makes when it is opened.
type greeter struct{ greeting string }

type greetInput struct {
	Name string `path:"name" maxLength:"50"`
}

type greetOutput struct {
	Body struct {
		Text string `json:"text"`
	}
}

func (g *greeter) Greet(_ context.Context, in *greetInput) (*greetOutput, error) {
	out := &greetOutput{}
	out.Body.Text = g.greeting + ", " + in.Name
	return out, nil
}

// greetModule declares its operation before it has a greeter.
type greetModule struct{ greeter *greeter }

func (m *greetModule) Operations(api *operation.API) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/greetings/{name}", Access: operation.Public, Rate: operation.RateDefault,
	}, operation.On(&m.greeter, (*greeter).Greet))
}

// A module declares its operations, and gets its receiver when it is opened.
func ExampleOn() {
	var m greetModule
	api := operation.NewAPI("greetings", operation.Options{})
	m.Operations(api)

	m.greeter = &greeter{"Good morning"} // when the module is opened
	fmt.Print(operationtest.Send(api.Handler(), operationtest.Nobody, http.MethodGet, "/v1/greetings/Ada", "").Body)
	// Output: {"text":"Good morning, Ada"}
}

func TestOn(t *testing.T) {
	t.Parallel()
	var m greetModule
	api := operation.NewAPI("greetings", operation.Options{})
	m.Operations(api)
	greet := func() operationtest.Reply {
		return operationtest.Send(api.Handler(), operationtest.Nobody, http.MethodGet, "/v1/greetings/Ada", "")
	}

	early := greet()
	if p := early.Problem(t); p.Status != http.StatusServiceUnavailable || p.Code != "module_down" || early.Header.Get("Retry-After") == "" {
		t.Errorf("before the receiver is there: %+v, Retry-After %q", p, early.Header.Get("Retry-After"))
	}
	m.greeter = &greeter{"Hello"}
	if got := greet(); got.Status != http.StatusOK || got.Body != "{\"text\":\"Hello, Ada\"}\n" {
		t.Errorf("afterwards: %d %s", got.Status, got.Body)
	}
}
