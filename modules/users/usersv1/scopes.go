package usersv1

// Scopes are what an API key may be made for, in the order in which a key lists them.
// Each is declared by an operation at least.
func Scopes() []string {
	return []string{
		"catalog:read",    // stock and its movements
		"catalog:write",   // products, prices, stock
		"orders:read",     // the merchant's orders
		"orders:write",    // what becomes of them
		"payments:read",   // the merchant's share of payments
		"payments:refund", // giving money back
		"emails:send",     // e-mails to the merchant's customers
	}
}
