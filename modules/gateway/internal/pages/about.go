package pages

import "app/platform/operation"

// about is what the document says of the API as a whole.
var about = operation.About{
	Summary:  "A shop for merchants.",
	Bearer:   "Access token of POST /v1/auth/login or POST /v1/auth/token.",
	Password: "The same access token, by the password grant of OAuth 2, where the shop allows it (USERS_PASSWORD_GRANT=on).",
	Session:  "A browser's session, from POST /v1/auth/login with session: true. Requests that change something must come from the shop's own pages.",
	APIKey:   "API key of a merchant, from POST /v1/merchants/{id}/api-keys, in the header Authorization: Bearer souk_...; it opens operations of its scopes.",
	Guest:    "Secret of a guest's cart, from the reply that made the cart.",
}
