package faults

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"app/platform/events/rabbit"
)

// Poison is a message that nobody can read, sent to a module's queue after so many
// checkouts.
type Poison struct {
	N, After int
	Module   string
}

// poisoned are the modules whose queues get poison.
var poisoned = []string{"catalog", "orders", "payments", "emails"}

func (p *Plan) drawPoisons(d dice, checkouts int) {
	for n := range 2 {
		p.Poisons = append(p.Poisons, Poison{N: n, After: d.IntN(checkouts * 9 / 10), Module: pick(d, poisoned...)})
	}
}

const poison = "not an event, run "

// poison sends the message until the broker has it.
func (r *rush) poison(ctx context.Context, p Poison) error {
	return until(ctx, patience, func(ctx context.Context) error {
		return r.world.onBroker(func(ch *amqp.Channel) error {
			if err := ch.Confirm(false); err != nil {
				return err
			}
			waiting, err := ch.PublishWithDeferredConfirmWithContext(ctx, "", rabbit.Queue(p.Module), true, false, amqp.Publishing{
				DeliveryMode: amqp.Persistent, Body: fmt.Append(nil, poison, p.N),
			})
			if err != nil {
				return err
			}
			limited, cancel := context.WithTimeout(ctx, answerTime)
			defer cancel()
			if taken, err := waiting.WaitContext(limited); err != nil || !taken {
				return errors.Join(errors.New("the broker did not take the poison"), err)
			}
			return nil
		})
	})
}

// onBroker does something on a channel of the run's virtual host, past all links.
func (w *world) onBroker(do func(*amqp.Channel) error) error {
	conn, err := amqp.DialConfig(w.broker, amqp.Config{Dial: func(network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{Timeout: answerTime}).DialContext(context.Background(), network, address)
		if err != nil {
			return nil, err
		}
		return conn, conn.SetDeadline(time.Now().Add(2 * answerTime))
	}})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	return do(ch)
}

// deadLetters looks at what the broker has left: nothing waits for a module, and what
// was set aside is the poison, all of it.
func (r *rush) deadLetters() (wrong []string, err error) {
	err = r.world.onBroker(func(ch *amqp.Channel) error {
		for _, module := range poisoned {
			q, err := ch.QueueDeclarePassive(rabbit.Queue(module), true, false, false, false, nil)
			if err != nil {
				return err
			}
			if q.Messages > 0 {
				wrong = append(wrong, fmt.Sprintf("%d messages wait for %s", q.Messages, module))
			}
		}
		found := map[string]int{}
		for {
			m, ok, err := ch.Get(rabbit.Dead, true)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			found[string(m.Body)]++
		}
		for _, p := range r.plan.Poisons {
			body := fmt.Sprint(poison, p.N)
			if found[body] == 0 {
				wrong = append(wrong, body+" was not set aside")
			}
			delete(found, body)
		}
		for body, n := range found {
			wrong = append(wrong, fmt.Sprintf("%d messages were set aside that were no poison: %.200q", n, body))
		}
		return nil
	})
	return wrong, err
}
