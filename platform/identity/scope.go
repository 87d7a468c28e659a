package identity

import "slices"

// Scope is one kind of work that a merchant's API key may be made for. A key has no
// other rights: what an operation declares no scope for is closed to keys.
type Scope string

// The scopes. An operation declares the one it belongs to (operation.Operation.Scope).
const (
	CatalogRead    Scope = "catalog:read"    // stock and its movements
	CatalogWrite   Scope = "catalog:write"   // products, prices, stock
	OrdersRead     Scope = "orders:read"     // the merchant's orders
	OrdersWrite    Scope = "orders:write"    // what becomes of them
	PaymentsRead   Scope = "payments:read"   // the merchant's share of payments
	PaymentsRefund Scope = "payments:refund" // giving money back
	EmailsSend     Scope = "emails:send"     // letters to the merchant's customers
)

// Scopes lists all there are.
func Scopes() []Scope {
	return []Scope{CatalogRead, CatalogWrite, OrdersRead, OrdersWrite, PaymentsRead, PaymentsRefund, EmailsSend}
}

// Valid reports whether there is such a scope.
func (s Scope) Valid() bool { return slices.Contains(Scopes(), s) }

// Actor names who acts, for records: a user's id or a key's.
func (p Principal) Actor() string {
	if p.IsKey() {
		return p.KeyID
	}
	return p.UserID
}

// IsKey reports whether the caller is a merchant's API key and no user.
func (p Principal) IsKey() bool { return p.Method == APIKey && p.Merchant != "" }

// Has reports whether the caller is an API key with the scope.
func (p Principal) Has(s Scope) bool { return p.IsKey() && slices.Contains(p.Scopes, s) }

// ActsFor reports whether the caller is an API key of this very merchant with the
// scope: what a service asks before it looks at roles, which only users have. For the
// key of another merchant the thing in question does not exist.
func (p Principal) ActsFor(merchantID string, s Scope) bool {
	return p.Merchant == merchantID && p.Has(s)
}
