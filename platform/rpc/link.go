package rpc

import "context"

// Link stands before the calls of an edge, in simulations of what a network does to
// them and in tests.
type Link interface {
	// Carry sends a request to another process and brings back the answer, or fails:
	// then send may have run or not. Calls within a process are not carried.
	Carry(ctx context.Context, send func() error) error
	// Twice is asked after each call that the contract says may be repeated. When it is
	// true the call is made once more, and its caller gets the second answer.
	Twice() bool
	// Repeated is told of each second attempt, whatever it was made for.
	Repeated()
}
