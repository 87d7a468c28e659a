package rest

import (
	"net/http"

	"app/platform/operation"
	"app/platform/problem"
)

func (h handlers) registerKeyRoutes(api *operation.API) {
	api.Raw(operation.Operation{
		Method: http.MethodGet, Path: "/.well-known/jwks.json", ID: "get-jwks", Tags: authTag,
		Access: operation.Public, Rate: operation.RateDefault,
		Summary:     "Read the public keys of access tokens",
		Description: "A JSON Web Key Set (RFC 7517), to verify access tokens without asking.",
	}, http.HandlerFunc(h.keySet))
}

func (h handlers) keySet(w http.ResponseWriter, r *http.Request) {
	set, err := h.users().Keys.Set(r.Context())
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(set)
}
