package network

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// ErrLost is what a sender gets whose message, or its answer, was lost. Which of the
// two it cannot know.
var ErrLost = errors.New("lost on the simulated network")

// Link is one way through the network. Safe for concurrent use.
type Link struct {
	name       name
	conditions Conditions

	mu       sync.Mutex
	dice     *rand.Rand
	messages uint64
	lost     [2]uint64 // the message, the answer
	repeated uint64
	took     histogram
}

// fate is what will happen to one message.
type fate struct {
	there, back             time.Duration
	messageLost, answerLost bool
}

func (l *Link) drawFate() fate {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages++
	delay := l.conditions.Latency
	// Everything is drawn for every message, so that the next one's fate does not
	// depend on the conditions.
	jitter, chance, half := l.dice.Float64(), l.dice.Float64(), l.dice.Uint64()&1 == 0
	delay += time.Duration(jitter * float64(l.conditions.Jitter))
	f := fate{there: delay / 2, back: delay - delay/2}
	if chance < l.conditions.Loss {
		f.messageLost, f.answerLost = half, !half
	}
	return f
}

// Carry takes a message to its destination, which is what send does, and brings back
// the answer. It returns ErrLost when either did not arrive, the error of ctx when that
// ended on the way, and otherwise what send returned. When the answer is lost, send has
// run.
func (l *Link) Carry(ctx context.Context, send func() error) error {
	begun := time.Now()
	f := l.drawFate()
	if err := sleepContext(ctx, f.there); err != nil {
		return err
	}
	if f.messageLost {
		l.increment(&l.lost[0])
		return ErrLost
	}
	err := send()
	if late := sleepContext(ctx, f.back); late != nil {
		return late
	}
	if f.answerLost {
		l.increment(&l.lost[1])
		return ErrLost
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took.addDuration(time.Since(begun))
	return err
}

// Twice draws whether something that may arrive twice does.
func (l *Link) Twice() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dice.Float64() < l.conditions.Duplicate
}

// Repeated counts something that was sent a second time, for whatever reason.
func (l *Link) Repeated() { l.increment(&l.repeated) }

func (l *Link) increment(n *uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*n++
}

// sleepContext waits, and tells when ctx ended before.
func sleepContext(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
