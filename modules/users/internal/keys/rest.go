package keys

import (
	"net/http"

	"app/modules/users/internal/route"
	"app/platform/operation"
	"app/platform/problem"
)

// Handlers answer the operations on keys.
type Handlers struct{ Keys *Ring }

// Register declares the operations. at is where their handlers lie once the module is
// open.
func Register(api *operation.API, at *Handlers) {
	api.Raw(operation.Operation{
		Method: http.MethodGet, Path: "/.well-known/jwks.json", ID: "get-jwks", Tags: route.SignIn,
		Access: operation.Public, Rate: operation.RateDefault,
		Summary:     "Read the public keys of access tokens",
		Description: "A JSON Web Key Set (RFC 7517), to verify access tokens without asking.",
	}, operation.RawOn(at, Handlers.keySet))
}

func (h Handlers) keySet(w http.ResponseWriter, r *http.Request) {
	set, err := h.Keys.Set(r.Context())
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(set)
}
