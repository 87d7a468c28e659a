// Package wakeup joins emitters with the relays of their process. Whoever emits has a
// transaction and nothing else, so the relays are found by its database. A process
// without one (a command) relies on the relays of other processes, which look by
// themselves.
package wakeup

import (
	"slices"
	"sync"

	"app/platform/database"
)

// Relay is what an emitter has to know of a relay: what it can hand on, and how to wake
// it.
type Relay struct {
	db     *database.DB
	routes map[string][]string
	woken  chan struct{}
}

// NewRelay makes the entry of a relay that empties the outbox of a database. routes are
// its destinations by type of event, and must not change any more.
func NewRelay(db *database.DB, routes map[string][]string) *Relay {
	return &Relay{db: db, routes: routes, woken: make(chan struct{}, 1)}
}

// HasRoute reports whether the relay knows the type of event.
func (r *Relay) HasRoute(name string) bool { _, ok := r.routes[name]; return ok }

// Wake says that there are events to relay. It never waits.
func (r *Relay) Wake() {
	select {
	case r.woken <- struct{}{}:
	default:
	}
}

// Woken delivers once after one or several calls of Wake.
func (r *Relay) Woken() <-chan struct{} { return r.woken }

// registered are the relays of this process by database.
var registered registry

type registry struct {
	mu sync.RWMutex
	by map[*database.DB][]*Relay
}

// RelaysOf lists the relays of this process that empty the outbox of a database. The
// list must not be changed.
func RelaysOf(db *database.DB) []*Relay {
	registered.mu.RLock()
	defer registered.mu.RUnlock()
	return registered.by[db]
}

// Add lets emitters find a relay.
func Add(r *Relay) {
	registered.mu.Lock()
	defer registered.mu.Unlock()
	if registered.by == nil {
		registered.by = map[*database.DB][]*Relay{}
	}
	registered.by[r.db] = append(slices.Clone(registered.by[r.db]), r)
}

// Remove takes a relay back out.
func Remove(r *Relay) {
	registered.mu.Lock()
	defer registered.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(registered.by[r.db]), func(other *Relay) bool { return other == r })
	if registered.by[r.db] = rest; len(rest) == 0 {
		delete(registered.by, r.db)
	}
}
