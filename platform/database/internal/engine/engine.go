// Package engine is what an engine and the API of package database know of each other:
// the work that an engine runs, and the session in which it runs it.
package engine

import (
	"context"
	"errors"
	"time"

	"app/platform/fault"
)

// Work is the body of a Write or a Read.
type Work func(ctx context.Context, s *Session) error

// ErrClosed is returned by every call after an engine was closed.
var ErrClosed = errors.New("database: closed")

// Stats counts what happened since an engine was opened; see database.Stats.
type Stats struct {
	Writes  uint64
	Commits uint64
	Retries uint64
	Waiting int
}

// Observer is told how long writes take.
type Observer interface {
	// ObserveWait notes how long a write has waited for its turn or its connection.
	ObserveWait(since time.Time)
	// ObserveCommit notes a commit and how many writes it was of.
	ObserveCommit(since time.Time, writes int)
}

// comeBack is when a caller who was refused should try again.
const comeBack = time.Second

// Unavailable is the answer to work that the database was not there for. Its reason has
// the prefix by which a caller knows that asking this module once more does not help.
func Unavailable(cause error) error {
	v := fault.New(fault.Unavailable, "dependency_unavailable", "").Because(cause)
	v.RetryAfter = comeBack
	return v
}
