package edge

import (
	"net/netip"
	"sync"
	"time"

	"app/modules/gateway/internal/reason"
	"app/platform/fault"
	"app/platform/httpserver"
)

// Crowd bounds the requests that are in the gateway at the same time, in total and from
// one network. What one module cannot take is the dispatcher's to refuse; this is for
// what they hold together: memory, and bodies that arrive slowly. Safe for concurrent
// use.
type Crowd struct {
	most, perNetwork int

	mu      sync.Mutex
	total   int
	network map[netip.Prefix]int
}

// crowdWait is what those who find no place are told to wait.
const crowdWait = time.Second

// NewCrowd lets most requests in, perNetwork of them from one network; zero is no bound
// for networks.
func NewCrowd(most, perNetwork int) *Crowd {
	return &Crowd{most: most, perNetwork: perNetwork, network: make(map[netip.Prefix]int)}
}

// acquireSlot takes a place; leave gives it back. Errors: Unavailable when the gateway
// is full, ResourceExhausted when the network has its share.
func (c *Crowd) acquireSlot(client netip.Addr) (leave func(), err error) {
	network := httpserver.Network(client)
	c.mu.Lock()
	defer c.mu.Unlock()
	var refusal *fault.Error
	switch {
	case c.perNetwork > 0 && c.network[network] >= c.perNetwork:
		refusal = reason.TooManyAtOnce.New()
	case c.total >= c.most:
		refusal = reason.Overloaded.New()
	default:
		c.total++
		c.network[network]++
		return func() { c.releaseSlot(network) }, nil
	}
	refusal.RetryAfter = crowdWait
	return nil, refusal
}

func (c *Crowd) releaseSlot(network netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total--
	if c.network[network]--; c.network[network] == 0 {
		delete(c.network, network)
	}
}
