package limit

import (
	"hash/maphash"
	"sync"
)

const (
	// shards let callers on several cores count at the same time; a small memory has
	// one, so that it forgets exactly.
	shards     = 16
	shardsFrom = 1024
	// sample is how many callers are looked at to find one to forget.
	sample = 8
)

// memory remembers a bounded number of callers by their theoretical arrival times.
//
// When it is full, the caller who would soonest be forgotten anyway makes room: of a
// few taken at random the one with the earliest arrival time, which is one who has
// nothing counted against him, or little. So a flood of new callers forgets its own
// kind: whoever has used up a limit comes back unknown only after as many others as are
// remembered have used up theirs, and that many callers need no such trick.
type memory struct {
	seed   maphash.Seed
	shards []shard
}

type shard struct {
	mu      sync.Mutex
	max     int
	arrival map[string]int64 // nanoseconds since 1970
}

func newMemory(keys int) *memory {
	n := 1
	if keys >= shardsFrom {
		n = shards
	}
	m := &memory{seed: maphash.MakeSeed(), shards: make([]shard, n)}
	for i := range m.shards {
		m.shards[i].max, m.shards[i].arrival = max(keys/n, 1), make(map[string]int64)
	}
	return m
}

// countRequest counts a request at a time in nanoseconds since 1970.
func (m *memory) countRequest(c *class, caller string, now int64) Decision {
	s := &m.shards[0]
	if len(m.shards) > 1 {
		s = &m.shards[maphash.String(m.seed, caller)%shards]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.arrival[caller]
	v, after := c.decideRequest(before, now)
	if !known && len(s.arrival) >= s.max {
		s.evictEarliest()
	}
	s.arrival[caller] = after
	return v
}

// evictEarliest drops the one with the earliest arrival time out of a few. The order of
// a map's keys is random enough for that.
func (s *shard) evictEarliest() {
	var earliest string
	var at int64
	looked := 0
	for caller, arrival := range s.arrival {
		if looked == 0 || arrival < at {
			earliest, at = caller, arrival
		}
		if looked++; looked == sample {
			break
		}
	}
	delete(s.arrival, earliest)
}

func (m *memory) callerCount() (n int) {
	for i := range m.shards {
		m.shards[i].mu.Lock()
		n += len(m.shards[i].arrival)
		m.shards[i].mu.Unlock()
	}
	return n
}
