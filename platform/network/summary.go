package network

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Line is what was seen of one link.
type Line struct {
	Kind, From, To string
	// Messages were sent, those included that were lost; Repeated of them were sent a
	// second time.
	Messages, Repeated uint64
	// LostMessages did not arrive, LostAnswers did.
	LostMessages, LostAnswers uint64
	// P50 and P99 are of the messages that got their answer, delays included, exact to
	// 5 %; 0 without one.
	P50, P99 time.Duration

	sum   time.Duration
	count uint64
}

// Lost counts the messages that failed.
func (l Line) Lost() uint64 { return l.LostMessages + l.LostAnswers }

// Summary has a line for each link that was used, ordered by kind and ends.
func (n *Network) Summary() []Line {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []Line
	for _, l := range n.links {
		if line := l.summaryLine(); line.Messages > 0 {
			out = append(out, line)
		}
	}
	slices.SortFunc(out, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return out
}

func (l *Link) summaryLine() Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Line{
		Kind: l.name.kind, From: l.name.from, To: l.name.to, Messages: l.messages, Repeated: l.repeated,
		LostMessages: l.lost[0], LostAnswers: l.lost[1], P50: l.took.quantile(0.5), P99: l.took.quantile(0.99),
		sum: l.took.sum, count: l.took.count,
	}
}

// The figures of the metrics, of the same counts as the summary.
var (
	labels       = []string{"kind", "from", "to"}
	messagesDesc = prometheus.NewDesc("souk_split_messages_total", "Messages that crossed a simulated split: calls, requests of the gateway, batches of events.", labels, nil)
	lostDesc     = prometheus.NewDesc("souk_split_lost_total", "Messages that the simulated network lost: the message itself or its answer.", append(labels, "lost"), nil)
	repeatedDesc = prometheus.NewDesc("souk_split_repeated_total", "Calls and events that were sent a second time across a simulated split.", labels, nil)
	durationDesc = prometheus.NewDesc("souk_split_duration_seconds", "Time from a message across a simulated split to its answer, since the start.", labels, nil)
)

// Describe implements prometheus.Collector.
func (n *Network) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{messagesDesc, lostDesc, repeatedDesc, durationDesc} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (n *Network) Collect(out chan<- prometheus.Metric) {
	for _, l := range n.Summary() {
		counter := func(d *prometheus.Desc, v uint64, more ...string) {
			out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), append([]string{l.Kind, l.From, l.To}, more...)...)
		}
		counter(messagesDesc, l.Messages)
		counter(lostDesc, l.LostMessages, "message")
		counter(lostDesc, l.LostAnswers, "answer")
		counter(repeatedDesc, l.Repeated)
		quantiles := map[float64]float64{0.5: l.P50.Seconds(), 0.99: l.P99.Seconds()}
		out <- prometheus.MustNewConstSummary(durationDesc, l.count, l.sum.Seconds(), quantiles, l.Kind, l.From, l.To)
	}
}

// histogram counts durations in classes that grow by 4.4 %, from 1 us to 100 s and
// more.
type histogram struct {
	classes [perDoubling*27 + 1]uint64
	count   uint64
	sum     time.Duration
}

const perDoubling = 16

func (h *histogram) addDuration(d time.Duration) {
	i := int(perDoubling * math.Log2(max(1, float64(d)/float64(time.Microsecond))))
	h.classes[min(i, len(h.classes)-1)]++
	h.count++
	h.sum += d
}

// quantile is the upper end of the class in which the share q of all durations is
// reached.
func (h *histogram) quantile(q float64) time.Duration {
	reach, seen := uint64(math.Ceil(q*float64(h.count))), uint64(0)
	for i, n := range h.classes {
		if seen += n; n > 0 && seen >= reach {
			return time.Duration(math.Exp2(float64(i+1)/perDoubling) * float64(time.Microsecond))
		}
	}
	return 0
}
