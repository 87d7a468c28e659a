package rabbittest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Durability is how a virtual host keeps what is sent to it, as read back from the
// server.
type Durability struct {
	// Queues are all of the host; each is durable and a quorum queue.
	Queues int
	// Channels are those of the connections that publish; each is in confirm mode.
	Channels int
}

// confirmPatience is how long a channel may take to be there and in confirm mode: one
// that is being opened is not yet.
const confirmPatience = 30 * time.Second

// errNotDurable is what Durable refuses: what is measured on such a broker says
// nothing.
var errNotDurable = errors.New("messages would not be durable")

// Durable reads back how the virtual host at the address keeps what is sent to it, and
// fails the test unless all its queues are durable quorum queues and everybody who
// publishes does so in confirm mode. Something has to have been published before, and
// the connection to be open. The address is one of URL; a server that URL did not start
// cannot be asked, which is a failure too.
func Durable(t testing.TB, location string) Durability {
	t.Helper()
	if private == nil {
		t.Fatalf("the server in %s is not asked how it keeps messages: unset it", serverVariable)
	}
	return private.Durable(t, location)
}

// Durable is the function of that name for an address on this server.
func (s *Server) Durable(t testing.TB, location string) Durability {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(confirmPatience)
	for {
		d, err := s.hostDurability(strings.TrimPrefix(u.Path, "/"))
		if err == nil {
			return d
		}
		if !errors.Is(err, errNotDurable) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// hostDurability asks for one virtual host. Channels are asked for without the
// management plugin, which does not know them here: it collects no metrics.
func (s *Server) hostDurability(host string) (Durability, error) {
	var queues []queue
	if err := s.adminClient().doRequest("GET", "/api/queues/"+url.PathEscape(host), "", &queues); err != nil {
		return Durability{}, err
	}
	raw, err := s.runRabbitmqctl("list_channels", "--quiet", "--vhost="+host, "--formatter=json", "connection", "confirm", "consumer_count", "vhost")
	if err != nil {
		return Durability{}, err
	}
	channels, err := parseChannels(raw, host)
	if err != nil {
		return Durability{}, err
	}
	return requireDurable(queues, channels)
}

// queue is a queue as the management plugin describes it.
type queue struct {
	Name, Type string
	Durable    bool
}

// channel is a channel as `rabbitmqctl list_channels` describes it.
type channel struct {
	Connection string
	Host       string `json:"vhost"`
	Confirm    bool
	Consumers  int `json:"consumer_count"`
}

// parseChannels reads those of one virtual host; the program lists the channels of all.
func parseChannels(raw []byte, host string) ([]channel, error) {
	var all, own []channel
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("read the list of channels: %w: %s", err, raw)
	}
	for _, c := range all {
		if c.Host == host {
			own = append(own, c)
		}
	}
	return own, nil
}

// requireDurable refuses queues that forget and channels that publish without waiting
// for confirmations. A connection on which something is consumed is a listener's, which
// publishes nothing.
func requireDurable(queues []queue, channels []channel) (Durability, error) {
	for _, q := range queues {
		if !q.Durable || q.Type != "quorum" {
			return Durability{}, fmt.Errorf("%w: queue %s is of type %s, durable: %t", errNotDurable, q.Name, q.Type, q.Durable)
		}
	}
	listening := map[string]bool{}
	for _, c := range channels {
		listening[c.Connection] = listening[c.Connection] || c.Consumers > 0
	}
	d := Durability{Queues: len(queues)}
	for _, c := range channels {
		switch {
		case listening[c.Connection]:
		case !c.Confirm:
			return Durability{}, fmt.Errorf("%w: a channel that publishes is not in confirm mode", errNotDurable)
		default:
			d.Channels++
		}
	}
	if d.Queues == 0 || d.Channels == 0 {
		return Durability{}, fmt.Errorf("%w: %d queues, %d channels that publish", errNotDurable, d.Queues, d.Channels)
	}
	return d, nil
}

// The units in which Report tells.
const (
	QueuesUnit   = "durable-quorum-queues"
	ChannelsUnit = "confirming-channels"
)

// Report makes the durability part of a benchmark's result. Resetting the timer would
// take it away.
func (d Durability) Report(b *testing.B) {
	b.ReportMetric(float64(d.Queues), QueuesUnit)
	b.ReportMetric(float64(d.Channels), ChannelsUnit)
}
