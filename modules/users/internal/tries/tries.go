// Package tries bounds the guessing of passwords and codes, over all processes: the
// count is in the database.
package tries

import "time"

// Allowance is one limit: Burst tries at once, and another after each Step.
type Allowance struct {
	ID    string // a hash of what is limited
	Burst int
	Step  time.Duration
}

// Bounds are how many passwords and codes may be tried at once before the next ones come
// slowly. The zero value limits nothing.
type Bounds struct {
	Device  int // at one account from a device that it has signed in from; another after each tryDevice
	Place   int // at one account from one network otherwise; another after each tryPlace
	Account int // at one account from everywhere else together; another after each tryAccount
	Network int // passwords and codes at all accounts from one network, where it is unknown to them; another after each tryNetwork
}

// How long it takes until one more password may be tried.
const (
	tryDevice  = time.Minute
	tryPlace   = 3 * time.Minute
	tryAccount = 6 * time.Minute // 260 a day by strangers, at passwords that are none of the common ones
	tryNetwork = 30 * time.Second
)
