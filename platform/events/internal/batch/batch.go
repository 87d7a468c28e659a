// Package batch bounds how much the outbox, the relay and the inbox take at a time, so
// that neither a transaction nor a message grows with what has piled up.
package batch

import (
	"context"
	"strconv"
	"time"

	"app/platform/events/internal/attempt"
)

// Rows and Bytes bound what is read, sent or written at a time. A batch may pass the
// bytes by its last event.
const (
	Rows  = 256
	Bytes = 512 << 10
)

const (
	sweepEvery = time.Minute
	// sweepPause leaves room for others between the batches of a sweep.
	sweepPause = 5 * time.Millisecond
)

// LimitClause writes a bound into the text of a query: given as an argument it makes
// SQLite prepare the statement each time.
func LimitClause(rows int) string { return " LIMIT " + strconv.Itoa(rows) }

// SweepOften removes what is too old, every minute until ctx ends. remove deletes one
// batch and returns how many rows there were; it is called until there are none.
func SweepOften(ctx context.Context, reporter *attempt.Reporter, remove func(context.Context) (int, error)) {
	for !attempt.SleepOrStop(ctx, sweepEvery, nil) {
		reporter.Report(ctx, sweepAll(ctx, remove))
	}
}

func sweepAll(ctx context.Context, remove func(context.Context) (int, error)) error {
	for {
		n, err := remove(ctx)
		if err != nil || n == 0 || attempt.SleepOrStop(ctx, sweepPause, nil) {
			return err
		}
	}
}
