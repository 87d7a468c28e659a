// Package contact knows whom addresses belong to: which account has shown an address to
// be its own, and whom a merchant may write to about which order.
package contact

import "time"

// Account is the address that an account has shown to be its own.
type Account struct {
	UserID  string
	Address string    // its key, as emailaddr.Address has it
	ToldAt  time.Time // when users told it
}

// Customer is somebody whom a merchant may write to about an order.
type Customer struct {
	OrderID    string
	MerchantID string
	Recipient  string
	Locale     string // that the buyer wants, empty where it is not known
	// Own says that the buyer was signed in and the address is the account's own.
	Own    bool
	PaidAt time.Time
}
