package eventstest

import (
	"context"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/events"
)

// Event is what the tests' consumers get.
type Event = events.Event[*wrapperspb.StringValue]

// Record is the effect of the tests' consumers.
func Record(ctx context.Context, tx *database.Tx, consumer string, e Event) error {
	_, err := tx.Exec(ctx, `INSERT INTO test_effects (consumer, event_id, aggregate_id, body, at) VALUES (?, ?, ?, ?, ?)`,
		consumer, e.ID, e.AggregateID, e.Body.GetValue(), database.Micros(tx.DB().Now()))
	return err
}

// Recorder subscribes to the tests' events and records each.
func Recorder(consumer string) events.Subscription {
	return events.Subscribe(consumer, func(ctx context.Context, tx *database.Tx, e Event) error {
		return Record(ctx, tx, consumer, e)
	})
}

// Failing subscribes to the tests' events, records each, and then fails as long as fail
// says so.
func Failing(consumer string, fail func(e Event) error) events.Subscription {
	return events.Subscribe(consumer, func(ctx context.Context, tx *database.Tx, e Event) error {
		if err := Record(ctx, tx, consumer, e); err != nil {
			return err
		}
		return fail(e)
	})
}
