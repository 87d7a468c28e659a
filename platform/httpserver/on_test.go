package httpserver_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"app/platform/httpserver"
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

func (m *greetModule) Operations(api *httpserver.API) {
	httpserver.Register(api, httpserver.Operation{
		Method: http.MethodGet, Path: "/v1/greetings/{name}", Access: httpserver.Public, Rate: httpserver.RateDefault,
	}, httpserver.On(&m.greeter, (*greeter).Greet))
}

// A module declares its operations, and gets its receiver when it is opened.
func ExampleOn() {
	var m greetModule
	api := httpserver.NewAPI("greetings", httpserver.Options{})
	m.Operations(api)

	m.greeter = &greeter{"Good morning"} // when the module is opened
	fmt.Print(send(api.Handler(), nobody, http.MethodGet, "/v1/greetings/Ada", "").Body)
	// Output: {"text":"Good morning, Ada"}
}

func TestOn(t *testing.T) {
	t.Parallel()
	var m greetModule
	api := httpserver.NewAPI("greetings", httpserver.Options{})
	m.Operations(api)
	greet := func() reply { return send(api.Handler(), nobody, http.MethodGet, "/v1/greetings/Ada", "") }

	early := greet()
	if p := early.problem(t); p.Status != http.StatusServiceUnavailable || p.Code != "module_down" || early.Header.Get("Retry-After") == "" {
		t.Errorf("before the receiver is there: %+v, Retry-After %q", p, early.Header.Get("Retry-After"))
	}
	m.greeter = &greeter{"Hello"}
	if got := greet(); got.Status != http.StatusOK || got.Body != "{\"text\":\"Hello, Ada\"}\n" {
		t.Errorf("afterwards: %d %s", got.Status, got.Body)
	}
}
