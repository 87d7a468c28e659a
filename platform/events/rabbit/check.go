package rabbit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// checkTimeout bounds a look at the broker.
const checkTimeout = 10 * time.Second

// Finding is an exchange or a queue that a process needs, and how the broker has it.
type Finding struct {
	Kind, Name string // "exchange" or "queue"
	State      string // such as "3 waiting, 1 consumer", or "not there yet: made at the start"
}

// Check looks what the broker has of a topology, and makes nothing. Bindings cannot be
// looked up; they are made anew at each start. The error says why the broker cannot be
// asked, which keeps no process from starting.
func Check(ctx context.Context, url string, t Topology) ([]Finding, error) {
	conn, err := dialBroker(ctx, url, "souk plan")
	if err != nil {
		return nil, err
	}
	defer conn.closeGracefully()
	var out []Finding
	err = conn.runWithTimeout(ctx, checkTimeout, func() error {
		for _, e := range t.allElements() {
			if e.look == nil {
				continue
			}
			state, err := e.checkState(conn.Connection)
			if err != nil {
				return fmt.Errorf("look for %s %s: %w", e.kind, e.name, err)
			}
			out = append(out, Finding{e.kind, e.name, state})
		}
		return nil
	})
	return out, err
}

// checkState looks for an element and, when it is there, declares it to see whether it
// is what is expected.
func (e element) checkState(conn *amqp.Connection) (string, error) {
	ch, err := conn.Channel()
	if err != nil {
		return "", err
	}
	defer func() { _ = ch.Close() }() // it may be closed already
	state, err := e.look(ch)
	switch {
	case isNotFound(err):
		return "not there yet: made at the start", nil
	case err != nil:
		return "", err
	}
	if err := e.make(ch); isAccessRefused(err) {
		return state, nil // it is not this account's
	} else if isPreconditionFailed(err) {
		return state + ", but of other properties than expected, and used as it is: " + brokerReason(err), nil
	} else if err != nil {
		return "", err
	}
	return state, nil
}

func brokerReason(err error) string {
	var refusal *amqp.Error
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return err.Error()
}

// lookForExchange and lookForQueue ask without making.
func lookForExchange(name, kind string) func(*amqp.Channel) (string, error) {
	return func(ch *amqp.Channel) (string, error) {
		return "there", ch.ExchangeDeclarePassive(name, kind, true, false, false, false, nil)
	}
}

func lookForQueue(name string) func(*amqp.Channel) (string, error) {
	return func(ch *amqp.Channel) (string, error) {
		q, err := ch.QueueDeclarePassive(name, true, false, false, false, nil)
		return fmt.Sprintf("%s, %s", formatCount(q.Messages, "message"), formatCount(q.Consumers, "consumer")), err
	}
}

func formatCount(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// Address shows where a broker is, without the password. It is empty when the URL is
// none.
func Address(url string) string {
	u, err := amqp.ParseURI(url)
	if err != nil {
		return ""
	}
	shown := u.Scheme + "://" + u.Username + "@" + net.JoinHostPort(u.Host, strconv.Itoa(u.Port)) + "/"
	if u.Vhost != "/" {
		shown += u.Vhost
	}
	return shown
}
