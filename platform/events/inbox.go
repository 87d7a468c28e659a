package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"app/platform/callctx"
	"app/platform/database"
	"app/platform/identity"
)

// Accept takes a batch into the inbox of a module; see Node.Accept.
type Accept func(ctx context.Context, module string, batch []Envelope) error

const (
	// handlers bounds how many events of one module are handled at a time.
	handlers = 64
	// handleTimeout bounds one handler.
	handleTimeout = 10 * time.Second
	// unclaimed is the consumer, after the module's name, of events that nothing in
	// this program subscribes to: they wait, like failed ones, for a version that does.
	unclaimed = ".unclaimed"
)

// errSeen ends the transaction for an event that the consumer knows already.
var errSeen = errors.New("event is known")

// inbox is the listener's side: it handles events for the consumers of one module.
type inbox struct {
	module    string
	db        *database.DB
	consumers map[string]Subscription
	byType    map[string][]Subscription
	retries   Retries
	logger    *slog.Logger
	now       func() time.Time
	metrics   *metrics
}

// task is one event for one consumer.
type task struct {
	consumer Subscription
	Envelope
}

// acceptBatch handles a batch. It returns nil when every event is handled, or kept to
// be tried again, or known already; after an error all of it must be delivered again.
// Tasks of one consumer and aggregate run in the order of the batch, all others side by
// side.
func (in *inbox) acceptBatch(ctx context.Context, batch []Envelope) error {
	tasks := in.groupTasks(batch)
	return forEachParallel(len(tasks), handlers, func(i int) error { return in.runAll(ctx, tasks[i]) })
}

// forEachParallel runs do for every number below n, at most limit at a time, and
// returns one of the errors. The goroutines are few because each has to grow its stack
// for the database.
func forEachParallel(n, limit int, do func(int) error) error {
	if n == 1 {
		return do(0)
	}
	var next atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, n)
	for range min(n, limit) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				errs[i] = do(int(i))
			}
		})
	}
	group.Wait()
	return firstError(errs...)
}

// groupTasks sorts a batch into what must run in order.
func (in *inbox) groupTasks(batch []Envelope) [][]task {
	var out [][]task
	place := map[[3]string]int{}
	for _, env := range batch {
		for _, s := range in.subscriptionsOf(env.Type) {
			key := [3]string{s.Consumer, env.Aggregate, env.AggregateID}
			i, known := place[key]
			if !known || env.AggregateID == "" {
				i = len(out)
				place[key] = i
				out = append(out, nil)
			}
			out[i] = append(out[i], task{s, env})
		}
	}
	return out
}

// subscriptionsOf gives the consumers of a type; when there are none, one that keeps
// the event.
func (in *inbox) subscriptionsOf(name string) []Subscription {
	if subs := in.byType[name]; len(subs) > 0 {
		return subs
	}
	return []Subscription{in.consumers[in.module+unclaimed]}
}

func (in *inbox) runAll(ctx context.Context, tasks []task) error {
	for _, t := range tasks {
		if err := in.handleFirstArrival(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// handleFirstArrival handles one event the first time that it arrives.
func (in *inbox) handleFirstArrival(ctx context.Context, t task) error {
	body, err := t.consumer.open(t.Envelope)
	if err == nil {
		err = in.handleInTransaction(ctx, t, body, func(ctx context.Context, tx *database.Tx) error {
			return in.insertEntry(ctx, tx, Entry{Consumer: t.consumer.Consumer, Envelope: t.Envelope, State: Done, Attempts: 1, NextAt: in.now().Add(inboxRetention)})
		})
	}
	if err == nil || errors.Is(err, errSeen) {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err() // we are stopping, or the sender has given up: not the handler's failure
	}
	e := in.failedEntry(ctx, t, 1, err)
	err = in.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return in.insertEntry(ctx, tx, e) })
	if errors.Is(err, errSeen) {
		return nil
	}
	return err
}

// handleInTransaction runs mark and the consumer's work in one transaction. A panic is
// an error.
func (in *inbox) handleInTransaction(ctx context.Context, t task, body, mark work) (err error) {
	ctx, cancel := context.WithTimeout(handlerContext(ctx, &t.Envelope), handleTimeout)
	defer cancel()
	ctx, span := otel.Tracer("app/platform/events").Start(ctx, "hear "+t.consumer.Consumer,
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(attribute.String("event.id", t.ID)))
	defer span.End()
	err = in.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := mark(ctx, tx); err != nil {
			return err
		}
		return in.runRecovering(ctx, tx, t, body)
	})
	switch {
	case err == nil:
		in.metrics.handled.WithLabelValues(t.consumer.Consumer).Inc()
		in.metrics.delay.WithLabelValues(t.consumer.Consumer).Observe(in.now().Sub(t.OccurredAt).Seconds())
	case errors.Is(err, errSeen):
		in.metrics.duplicates.WithLabelValues(t.consumer.Consumer).Inc()
	default:
		span.RecordError(err)
	}
	return err
}

func (in *inbox) runRecovering(ctx context.Context, tx *database.Tx, t task, body work) (err error) {
	defer func() {
		if p := recover(); p != nil {
			in.logger.ErrorContext(ctx, "consumer panicked", "consumer", t.consumer.Consumer, "event_id", t.ID, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return body(ctx, tx)
}

// failedEntry makes the row that remembers a failed attempt, and logs it.
func (in *inbox) failedEntry(ctx context.Context, t task, attempt int, cause error) Entry {
	e := Entry{Consumer: t.consumer.Consumer, Envelope: t.Envelope, State: Retrying, Attempts: attempt, LastError: truncatedError(cause)}
	e.NextAt = in.now().Add(in.retries.delayAfter(t.ID, attempt))
	in.metrics.failures.WithLabelValues(e.Consumer).Inc()
	log := in.logger.With("consumer", e.Consumer, "type", t.Type, "event_id", t.ID, "request_id", t.RequestID, "attempt", attempt, "error", e.LastError)
	if attempt < in.retries.Limit && !errors.Is(cause, errPoison) {
		log.WarnContext(ctx, "event failed and will be tried again")
		return e
	}
	e.State, e.NextAt = Dead, in.now()
	in.metrics.dead.WithLabelValues(e.Consumer).Inc()
	log.ErrorContext(ctx, "event is dead, see app events dead")
	return e
}

// fenced hides the values of a context and keeps its end: what a sender's goroutine
// knows is no business of a handler.
type fenced struct{ context.Context }

func (fenced) Value(any) any { return nil }

// handlerContext makes the context of a handler.
func handlerContext(ctx context.Context, e *Envelope) context.Context {
	ctx = callctx.WithRequestID(fenced{ctx}, e.RequestID)
	ctx = identity.WithCaller(ctx, e.Module)
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": e.Trace})
}
