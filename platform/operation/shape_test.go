package operation_test

import (
	"context"
	"net/http"
	"testing"

	"app/platform/operation"
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
	op := operation.Operation{Method: http.MethodGet, Path: "/v1/x", Access: operation.Public, Rate: operation.RateDefault}
	for name, register := range map[string]func(*operation.API){
		"Input": func(a *operation.API) {
			operation.Register(a, op, func(context.Context, *struct{ hidden }) (*withBody, error) { return nil, nil })
		},
		"InputBelow": func(a *operation.API) {
			operation.Register(a, op, func(context.Context, *struct{ Carrier }) (*withBody, error) { return nil, nil })
		},
		"Output": func(a *operation.API) {
			operation.Register(a, op, func(context.Context, *struct{}) (*struct{ withBody }, error) { return nil, nil })
		},
		"PromotedBody": func(a *operation.API) {
			operation.Register(a, op, func(context.Context, *struct{}) (*Promoted, error) { return nil, nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("it was taken")
				}
			}()
			register(operation.NewAPI("test", operation.Options{}))
		})
	}
}
