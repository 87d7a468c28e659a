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

// declareAll makes whatever is not there. What is there with other arguments, as after
// an upgrade, is used as it is, with a warning: events matter more. Any other refusal
// is an error, but for accounts of one module: they use what is there, and nothing is
// published before all of it is.
func (t Topology) declareAll(conn *amqp.Connection, logger *slog.Logger) error {
	d := declaring{conn: conn, logger: logger}
	for _, e := range t.allElements() {
		if err := d.ensureElement(e); err != nil {
			return fmt.Errorf("declare %s %s: %w", e.kind, e.name, err)
		}
	}
	if d.ch == nil || d.ch.IsClosed() {
		return nil
	}
	return d.ch.Close()
}

func (d *declaring) ensureElement(e element) error {
	if d.confined {
		if e.look == nil {
			return nil // the Sign of a binding tells of it
		}
		if there, err := d.elementExists(e); there || err != nil {
			return err
		}
	}
	ch, err := d.openChannel()
	if err != nil {
		return err
	}
	err = e.make(ch)
	switch {
	case isPreconditionFailed(err):
		d.logger.Warn("the broker has something of other properties than expected, which is used as it is: see `app plan`",
			"kind", e.kind, "name", e.name, "error", err)
		return nil
	case isAccessRefused(err) && !d.confined:
		d.confined = true
		return d.ensureElement(e)
	case isAccessRefused(err):
		return errNotMade
	}
	return err
}

// elementExists looks for an element.
func (d *declaring) elementExists(e element) (bool, error) {
	ch, err := d.openChannel()
	if err == nil {
		_, err = e.look(ch)
	}
	if isNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// openChannel is the one at hand, or another: the broker closes it with each refusal.
func (d *declaring) openChannel() (*amqp.Channel, error) {
	if d.ch != nil && !d.ch.IsClosed() {
		return d.ch, nil
	}
	var err error
	if d.ch, err = d.conn.Channel(); err != nil {
		return nil, fmt.Errorf("open a channel: %w", err)
	}
	return d.ch, nil
}

// isAccessRefused reports whether the account has no right to what it asked for. The
// broker has then closed the channel.
func isAccessRefused(err error) bool {
	var refusal *amqp.Error
	return errors.As(err, &refusal) && refusal.Code == amqp.AccessRefused
}
