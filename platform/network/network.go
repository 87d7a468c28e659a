// Package network simulates what lies between processes: it makes messages late, loses
// them and delivers them twice. With it one process shows what splitting it will do
// (`app serve --simulate-split`), and tests show what does not stand that.
//
// Nothing is simulated about the messages themselves: they go over the real transport,
// and the link stands before it.
package network

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// MaxDelay bounds Latency and Jitter: longer than this is down, not slow.
const MaxDelay = 10 * time.Second

// Conditions are what messages meet. The zero value delays and loses nothing.
type Conditions struct {
	// Latency is how much longer a message and its answer take together. Jitter, drawn
	// for each, is at most so much more.
	Latency, Jitter time.Duration
	// Loss is the share of messages that fail, from 0 to 1: of half of them the message
	// is lost, of the others the answer.
	Loss float64
	// Duplicate is the share, from 0 to 1, of what may arrive twice that does: calls
	// that the contract says may be repeated, and events.
	Duplicate float64
	// Seed makes the n-th message of a link meet the same fate in every run.
	Seed uint64
}

// Validate says what is out of range.
func (c Conditions) Validate() error {
	var errs []error
	for name, d := range map[string]time.Duration{"latency": c.Latency, "jitter": c.Jitter} {
		if d < 0 || d > MaxDelay {
			errs = append(errs, fmt.Errorf("%s %s: must be from 0s to %s", name, d, MaxDelay))
		}
	}
	for name, share := range map[string]float64{"loss": c.Loss, "duplicate": c.Duplicate} {
		if !(share >= 0 && share <= 1) { // not a number is neither
			errs = append(errs, fmt.Errorf("%s %v: must be from 0 to 1", name, share))
		}
	}
	return errors.Join(errs...)
}

// String says what is simulated, for people.
func (c Conditions) String() string {
	var parts []string
	if c.Latency > 0 || c.Jitter > 0 {
		parts = append(parts, fmt.Sprintf("%s later", c.Latency))
	}
	if c.Jitter > 0 {
		parts[0] += fmt.Sprintf(" and up to %s more", c.Jitter)
	}
	if c.Loss > 0 {
		parts = append(parts, fmt.Sprintf("%.4g %% lost", 100*c.Loss))
	}
	if c.Duplicate > 0 {
		parts = append(parts, fmt.Sprintf("%.4g %% twice", 100*c.Duplicate))
	}
	if len(parts) == 0 {
		return "nothing late, lost or twice"
	}
	return fmt.Sprintf("%s (seed %d)", strings.Join(parts, ", "), c.Seed)
}

// The kinds of messages.
const (
	Calls    = "calls"    // from module to module; one message each
	Requests = "requests" // of clients, passed on by the gateway; one message each
	Events   = "events"   // one message for each batch
)

// Network has a link for each pair of ends and kind of message. Safe for concurrent
// use.
type Network struct {
	conditions Conditions

	mu    sync.Mutex
	links map[name]*Link
}

// name is the identity of a link.
type name struct{ kind, from, to string }

// New makes a network. Its figures, souk_split_*, are registered when metrics is not
// nil.
func New(c Conditions, metrics prometheus.Registerer) (*Network, error) {
	n := &Network{conditions: c, links: map[name]*Link{}}
	if metrics == nil {
		return n, nil
	}
	if err := metrics.Register(n); err != nil {
		return nil, fmt.Errorf("register metrics of the simulated network: %w", err)
	}
	return n, nil
}

// Conditions are those that the network was made with.
func (n *Network) Conditions() Conditions { return n.conditions }

// Link finds the way of one kind of message from one end, a module or the broker, to
// another.
func (n *Network) Link(kind, from, to string) *Link {
	n.mu.Lock()
	defer n.mu.Unlock()
	id := name{kind, from, to}
	l := n.links[id]
	if l == nil {
		own := fnv.New64a()
		_, _ = fmt.Fprint(own, kind, " ", from, " ", to)                                                           // a hash takes everything
		l = &Link{name: id, conditions: n.conditions, dice: rand.New(rand.NewPCG(n.conditions.Seed, own.Sum64()))} //nolint:gosec // a simulation
		n.links[id] = l
	}
	return l
}
