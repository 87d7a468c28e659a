package rabbittest_test

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"app/platform/events/rabbit/rabbittest"
)

func TestHostsAreApart(t *testing.T) {
	t.Parallel()
	if err := declare(t, rabbittest.URL(t), false); err != nil {
		t.Fatal(err)
	}
	if err := declare(t, rabbittest.URL(t), true); err == nil {
		t.Error("two tests see each other's queues")
	}
}

func TestKillKeepsWhatIsDurable(t *testing.T) {
	t.Parallel()
	s := rabbittest.Start(t)
	if err := declare(t, s.URL(), false); err != nil {
		t.Fatal(err)
	}
	s.Kill(t)
	if conn, err := amqp.Dial(s.URL()); err == nil {
		_ = conn.Close()
		t.Fatal("killed and still there")
	}
	s.Restart(t)
	if err := declare(t, s.URL(), true); err != nil {
		t.Error(err)
	}
}

// declare makes a durable queue, or only looks for it.
func declare(t *testing.T, url string, look bool) error {
	t.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // the test is over
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	arguments := amqp.Table{"x-queue-type": "quorum"}
	if look {
		_, err = ch.QueueDeclarePassive("q", true, false, false, false, arguments)
	} else if _, err = ch.QueueDeclare("q", true, false, false, false, arguments); err != nil {
		t.Fatal(err)
	}
	return err
}
