// Package inbox is the listening side of events: it handles what relays bring, tries
// again what failed, and keeps what is dead for somebody to look at.
//
// The work of each consumer and its row in events_inbox are one transaction, so an
// event that arrives twice has one effect. A failure leaves a row that is retried with
// growing delays and is dead in the end; ListDead, ShowDead and Retry are for people.
package inbox

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
	"app/platform/events"
	"app/platform/events/internal/metrics"
	"app/platform/identity"
)

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

// Inbox handles events for the consumers of one module.
type Inbox struct {
	module    string
	db        *database.DB
	consumers map[string]events.Subscription
	byType    map[string][]events.Subscription
	retries   Retries
	logger    *slog.Logger
	now       func() time.Time
	metrics   *metrics.Metrics
}

// Options say what an inbox is made of. Nothing of it may be missing but Subscriptions
// and Retries.
type Options struct {
	Module        string
	DB            *database.DB
	Subscriptions []events.Subscription
	// Retries say when failed events are tried again; zero values mean the defaults.
	Retries Retries
	Now     func() time.Time
	// Logger says which module it is for.
	Logger  *slog.Logger
	Metrics *metrics.Metrics
}

// New checks the subscriptions and reports all that is wrong with them at once. The
// inbox is made nevertheless, so that a node can find what else is wrong.
func New(o Options) (*Inbox, error) {
	in := &Inbox{
		module: o.Module, db: o.DB, consumers: map[string]events.Subscription{}, byType: map[string][]events.Subscription{},
		retries: o.Retries.withDefaults(), logger: o.Logger, now: o.Now, metrics: o.Metrics,
	}
	var wrong []error
	for _, s := range append(o.Subscriptions, in.unclaimedSubscription()) {
		wrong = append(wrong, in.addSubscription(s))
	}
	return in, errors.Join(wrong...)
}

func (in *Inbox) addSubscription(s events.Subscription) error {
	_, twice := in.consumers[s.Consumer]
	switch {
	case twice:
		return fmt.Errorf("two consumers are named %s", s.Consumer)
	case len(s.Consumer) > 100 || len(s.Consumer) <= len(in.module) || s.Consumer[:len(in.module)+1] != in.module+".":
		return fmt.Errorf("consumer %q must be named %s.<what it does>, in at most 100 bytes", s.Consumer, in.module)
	}
	in.consumers[s.Consumer] = s
	if s.Type != "" {
		in.byType[s.Type] = append(in.byType[s.Type], s)
	}
	return nil
}

// task is one event for one consumer.
type task struct {
	consumer events.Subscription
	events.Envelope
}

// Accept handles a batch. It returns nil when every event is handled, or kept to
// be tried again, or known already; after an error all of it must be delivered again.
// Tasks of one consumer and aggregate run in the order of the batch, all others side by
// side.
func (in *Inbox) Accept(ctx context.Context, batch []events.Envelope) error {
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
func (in *Inbox) groupTasks(batch []events.Envelope) [][]task {
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
func (in *Inbox) subscriptionsOf(name string) []events.Subscription {
	if subs := in.byType[name]; len(subs) > 0 {
		return subs
	}
	return []events.Subscription{in.consumers[in.module+unclaimed]}
}

func (in *Inbox) runAll(ctx context.Context, tasks []task) error {
	for _, t := range tasks {
		if err := in.handleFirstArrival(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// handleFirstArrival handles one event the first time that it arrives.
func (in *Inbox) handleFirstArrival(ctx context.Context, t task) error {
	body, err := t.consumer.Open(t.Envelope)
	if err == nil {
		err = in.handleInTransaction(ctx, t, body, func(ctx context.Context, tx *database.Tx) error {
			return in.insertEntry(ctx, tx, Entry{
				Consumer: t.consumer.Consumer, Envelope: t.Envelope, State: Done, Attempts: 1, NextAt: in.now().Add(retention),
			})
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
func (in *Inbox) handleInTransaction(ctx context.Context, t task, body, mark events.Work) (err error) {
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
		in.metrics.Handled.WithLabelValues(t.consumer.Consumer).Inc()
		in.metrics.Delay.WithLabelValues(t.consumer.Consumer).Observe(in.now().Sub(t.OccurredAt).Seconds())
	case errors.Is(err, errSeen):
		in.metrics.Duplicates.WithLabelValues(t.consumer.Consumer).Inc()
	default:
		span.RecordError(err)
	}
	return err
}

func (in *Inbox) runRecovering(ctx context.Context, tx *database.Tx, t task, body events.Work) (err error) {
	defer func() {
		if p := recover(); p != nil {
			in.logger.ErrorContext(ctx, "consumer panicked",
				"consumer", t.consumer.Consumer, "event_id", t.ID, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return body(ctx, tx)
}

// failedEntry makes the row that remembers a failed attempt, and logs it.
func (in *Inbox) failedEntry(ctx context.Context, t task, attempt int, cause error) Entry {
	e := Entry{Consumer: t.consumer.Consumer, Envelope: t.Envelope, State: Retrying, Attempts: attempt, LastError: truncatedError(cause)}
	e.NextAt = in.now().Add(in.retries.delayAfter(t.ID, attempt))
	in.metrics.Failures.WithLabelValues(e.Consumer).Inc()
	log := in.logger.With("consumer", e.Consumer, "type", t.Type, "event_id", t.ID, "request_id", t.RequestID,
		"attempt", attempt, "error", e.LastError)
	if attempt < in.retries.Limit && !errors.Is(cause, events.ErrPoison) {
		log.WarnContext(ctx, "event failed and will be tried again")
		return e
	}
	e.State, e.NextAt = Dead, in.now()
	in.metrics.Died.WithLabelValues(e.Consumer).Inc()
	log.ErrorContext(ctx, "event is dead, see app events dead")
	return e
}

// fenced hides the values of a context and keeps its end: what a sender's goroutine
// knows is no business of a handler.
type fenced struct{ context.Context }

func (fenced) Value(any) any { return nil }

// handlerContext makes the context of a handler.
func handlerContext(ctx context.Context, e *events.Envelope) context.Context {
	ctx = callctx.WithRequestID(fenced{ctx}, e.RequestID)
	ctx = identity.WithCaller(ctx, e.Module)
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": e.Trace})
}
