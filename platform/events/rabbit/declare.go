package rabbit

import (
	"errors"
	"fmt"
	"log/slog"

	amqp "github.com/rabbitmq/amqp091-go"
)

// errNotMade is what an account of a module lacks and may not make.
var errNotMade = errors.New("it is not there, and this account may not make it: an administrator of the broker imports what `app plan --broker` prints")

// declaring makes what is not there over one connection.
type declaring struct {
	conn   *amqp.Connection
	ch     *amqp.Channel
	logger *slog.Logger
	// confined: the account is one of Definitions, which may make what is its module's
	// and nothing else. What belongs to others, and what ties them together, is the
	// administrator's to make.
	confined bool
}

// declare makes whatever is not there. What is there with other arguments, as after an
// upgrade, is used as it is, with a warning: events matter more. Any other refusal is
// an error, but for accounts of one module: they use what is there, and nothing is
// published before all of it is.
func (t Topology) declare(conn *amqp.Connection, logger *slog.Logger) error {
	d := declaring{conn: conn, logger: logger}
	for _, e := range t.elements() {
		if err := d.have(e); err != nil {
			return fmt.Errorf("declare %s %s: %w", e.kind, e.name, err)
		}
	}
	if d.ch == nil || d.ch.IsClosed() {
		return nil
	}
	return d.ch.Close()
}

func (d *declaring) have(e element) error {
	if d.confined {
		if e.look == nil {
			return nil // the Sign of a binding tells of it
		}
		if there, err := d.there(e); there || err != nil {
			return err
		}
	}
	ch, err := d.channel()
	if err != nil {
		return err
	}
	err = e.make(ch)
	switch {
	case differs(err):
		d.logger.Warn("the broker has something of other properties than expected, which is used as it is: see `app plan`",
			"kind", e.kind, "name", e.name, "error", err)
		return nil
	case refused(err) && !d.confined:
		d.confined = true
		return d.have(e)
	case refused(err):
		return errNotMade
	}
	return err
}

// there looks for an element.
func (d *declaring) there(e element) (bool, error) {
	ch, err := d.channel()
	if err == nil {
		_, err = e.look(ch)
	}
	if missing(err) {
		return false, nil
	}
	return err == nil, err
}

// channel is the one at hand, or another: the broker closes it with each refusal.
func (d *declaring) channel() (*amqp.Channel, error) {
	if d.ch != nil && !d.ch.IsClosed() {
		return d.ch, nil
	}
	var err error
	if d.ch, err = d.conn.Channel(); err != nil {
		return nil, fmt.Errorf("open a channel: %w", err)
	}
	return d.ch, nil
}

// refused reports whether the account has no right to what it asked for. The broker has
// then closed the channel.
func refused(err error) bool {
	var refusal *amqp.Error
	return errors.As(err, &refusal) && refusal.Code == amqp.AccessRefused
}
