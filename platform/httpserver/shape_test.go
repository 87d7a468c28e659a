package httpserver_test

import (
	"context"
	"net/http"
	"testing"

	"app/platform/httpserver"
)

type hidden struct {
	CartToken string `header:"Cart-Token"`
}

// Carrier embeds what Huma would not see.
type Carrier struct{ hidden }

type withBody struct{ Body struct{} }

// Promoted has a body that is not a field of its own.
type Promoted struct{ WithBody }

// WithBody has one.
type WithBody struct{ Body struct{} }

func TestRegisterRefusesWhatHumaWouldNotSee(t *testing.T) {
	t.Parallel()
	op := httpserver.Operation{Method: http.MethodGet, Path: "/v1/x", Access: httpserver.Public, Rate: httpserver.RateDefault}
	for name, register := range map[string]func(*httpserver.API){
		"Input": func(a *httpserver.API) {
			httpserver.Register(a, op, func(context.Context, *struct{ hidden }) (*withBody, error) { return nil, nil })
		},
		"InputBelow": func(a *httpserver.API) {
			httpserver.Register(a, op, func(context.Context, *struct{ Carrier }) (*withBody, error) { return nil, nil })
		},
		"Output": func(a *httpserver.API) {
			httpserver.Register(a, op, func(context.Context, *struct{}) (*struct{ withBody }, error) { return nil, nil })
		},
		"PromotedBody": func(a *httpserver.API) {
			httpserver.Register(a, op, func(context.Context, *struct{}) (*Promoted, error) { return nil, nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("it was taken")
				}
			}()
			register(httpserver.NewAPI("test", httpserver.Options{}))
		})
	}
}
