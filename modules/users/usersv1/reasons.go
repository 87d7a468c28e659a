package usersv1

import "app/platform/fault"

// The reasons that whoever manages API keys for a merchant gets from users, and passes
// on to the public API.
var (
	// APIKeyNotFound refuses a key that the merchant does not have. To whoever presents a
	// key it says that it opens nothing.
	APIKeyNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "api_key_not_found", Detail: "There is no such api_key.",
		Title: "No such API key", Help: "The merchant has no key with this id, or it is another merchant's.",
	}
	// TooManyAPIKeys refuses a key to a merchant that has as many as it may have.
	TooManyAPIKeys = fault.Reason{
		Kind: fault.ResourceExhausted, Code: "too_many_api_keys", Detail: "The merchant has a hundred API keys: revoke some first.",
		Title: "Too many API keys", Help: "A merchant has a hundred keys at most. Revoke those that are not used.",
	}
)
