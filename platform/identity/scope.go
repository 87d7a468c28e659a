package identity

import "regexp"

// Scope is one kind of work that an API key may be made for: the module and the kind, as
// in "catalog:write". A key has no other rights: what an operation declares no scope for
// (operation.Operation.Scope) is closed to keys.
type Scope string

var scopeShape = regexp.MustCompile(`^[a-z]+:[a-z]+$`)

// Valid reports whether the scope is well formed.
func (s Scope) Valid() bool { return scopeShape.MatchString(string(s)) }
