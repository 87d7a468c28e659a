package rabbit_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"app/platform/events/rabbit"
	"app/platform/events/rabbit/rabbittest"
)

// house is a broker as an administrator sets it up: module test emits, emails
// subscribes to it, and orders does both.
type house struct{ url, suffix string }

const password = "secret"

func newHouse(t *testing.T) house {
	t.Helper()
	h := house{url: rabbittest.URL(t)}
	u, err := url.Parse(h.url)
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(u.Path, "/")
	h.suffix = "-" + host
	accounts := []rabbit.Account{
		{Name: "test" + h.suffix, Modules: []string{"test"}, Emits: true},
		{Name: "emails" + h.suffix, Modules: []string{"emails"}, Subscribes: true},
		{Name: "orders" + h.suffix, Modules: []string{"orders"}, Emits: true, Subscribes: true},
	}
	top := topology("emails", "orders")
	top.Bindings = append(top.Bindings, rabbit.Binding{Listener: "emails", Emitter: "orders", Type: "orders.Placed"})
	definitions, err := rabbit.Definitions(host, accounts, top)
	if err != nil {
		t.Fatal(err)
	}
	salted := sha256.Sum256([]byte("salt" + password))
	hash := base64.StdEncoding.EncodeToString(append([]byte("salt"), salted[:]...))
	names := make([]string, 0, len(accounts))
	text := string(definitions)
	for _, a := range accounts {
		names = append(names, a.Name)
		text = strings.ReplaceAll(text, rabbit.Placeholder(a.Name), hash)
	}
	rabbittest.Import(t, []byte(text), names...)
	return h
}

// as is the broker's address for a module's account.
func (h house) as(t *testing.T, module string) string {
	t.Helper()
	u, err := url.Parse(h.url)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(module+h.suffix, password)
	return u.String()
}

// With an account each, modules emit and subscribe as ever.
func TestFault10_ModulesHaveAccounts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	source, target := open(t), open(t)
	running(t, emitter(t, h.as(t, "test"), source, "emails", "orders"))
	running(t, listener(t, h.as(t, "emails"), "emails", target, record))
	emit(t, source, "a", numbered(300)...)
	awaitCount(t, target, done, 300)
	awaitCount(t, source, pending, 0)
	conn := connect(t, h.url)
	if n := waiting(t, channel(t, conn), "souk.orders"); n != 300 {
		t.Errorf("%d wait for orders, want 300", n)
	}
	found, err := rabbit.Check(t.Context(), h.as(t, "test"), topology("emails"))
	if err != nil || len(found) != 5 {
		t.Errorf("%+v, %v", found, err)
	}
}

// Whoever gets hold of a module's account reads and writes nothing of another's.
func TestFault10_AnAccountReachesItsModuleOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cases := map[string]struct {
		account string
		do      func(*amqp.Channel) error
		ok      bool
	}{
		"publish as itself": {"orders", publish("souk.orders", "orders.Placed"), true},
		"hear its queue":    {"orders", consume("souk.orders"), true},
		"declare its exchange": {"orders", func(ch *amqp.Channel) error {
			return ch.ExchangeDeclare("souk.orders", "topic", true, false, false, false, nil)
		}, true},
		"publish as another":         {"orders", publish("souk.test", said), false},
		"publish past all exchanges": {"orders", publish("", "souk.emails"), false},
		"publish to the dead":        {"orders", publish("souk.dead", ""), false},
		"hear another's queue":       {"orders", consume("souk.emails"), false},
		"hear the dead":              {"orders", consume("souk.dead"), false},
		"empty another's queue": {"orders", func(ch *amqp.Channel) error {
			_, err := ch.QueuePurge("souk.emails", false)
			return err
		}, false},
		"remove another's queue": {"orders", func(ch *amqp.Channel) error {
			_, err := ch.QueueDelete("souk.emails", false, false, false)
			return err
		}, false},
		"remove another's exchange": {"orders", func(ch *amqp.Channel) error { return ch.ExchangeDelete("souk.test", false, false) }, false},
		"hear what it was not given": {"orders", func(ch *amqp.Channel) error {
			return ch.QueueBind("souk.orders", "#", "souk.test", false, nil)
		}, false},
		"tell others through a binding": {"orders", func(ch *amqp.Channel) error {
			return ch.QueueBind("souk.emails", "#", "souk.orders", false, nil)
		}, false},
		"a queue of another name": {"orders", func(ch *amqp.Channel) error {
			_, err := ch.QueueDeclare("spy", false, true, true, false, nil)
			return err
		}, false},
		"a queue without a name": {"orders", func(ch *amqp.Channel) error {
			_, err := ch.QueueDeclare("", false, true, true, false, nil)
			return err
		}, false},
		"who hears only does not publish": {"emails", publish("souk.emails", "emails.Sent"), false},
		"who tells only does not hear":    {"test", consume("souk.test"), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.do(channel(t, connect(t, h.as(t, c.account))))
			var refusal *amqp.Error
			refused := errors.As(err, &refusal) && refusal.Code == amqp.AccessRefused
			if c.ok != (err == nil) || !c.ok && !refused {
				t.Errorf("%v", err)
			}
		})
	}
}

// publish sends a message and waits for what the broker makes of it: a refusal closes
// the channel.
func publish(exchange, key string) func(*amqp.Channel) error {
	return func(ch *amqp.Channel) error {
		if err := ch.Confirm(false); err != nil {
			return err
		}
		closed := ch.NotifyClose(make(chan *amqp.Error, 1))
		confirmation, err := ch.PublishWithDeferredConfirm(exchange, key, false, false, amqp.Publishing{})
		if err != nil {
			return err
		}
		select {
		case err := <-closed:
			return err
		case <-confirmation.Done():
			select {
			case err, open := <-closed:
				if open {
					return err
				}
			default:
			}
			return nil
		}
	}
}

func consume(queue string) func(*amqp.Channel) error {
	return func(ch *amqp.Channel) error {
		_, err := ch.Consume(queue, "", true, false, false, false, nil)
		return err
	}
}

// A binding that the administrator has not set up yet is missed by nobody: nothing is
// published before.
func TestFault10_NothingIsToldBeforeAllCanHear(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	source := open(t)
	p := publisher(t, rabbit.Options{URL: h.as(t, "test"), Topology: topology("emails", "payments"), Logger: logger(t)})
	running(t, process{p, relay(t, source, p)})
	emit(t, source, "a", "x")
	awaitCount(t, source, owed, 1)
	conn := connect(t, h.url)
	if n := waiting(t, channel(t, conn), "souk.emails"); n != 0 {
		t.Errorf("%d have been told already", n)
	}
	// An account that may makes the rest; a process with it need not stay.
	publisherOnce := publisher(t, rabbit.Options{URL: h.url, Topology: topology("emails", "payments"), Logger: logger(t)})
	running(t, process{publisherOnce})
	awaitCount(t, source, pending, 0)
	await(t, "both have it", func() bool {
		return waiting(t, channel(t, conn), "souk.emails") == 1 && waiting(t, channel(t, conn), "souk.payments") == 1
	})
}

// What comes by way of another's exchange, or under another type than the queue is
// bound by, is not what it says.
func TestFault10_EventsOfAnotherAreSetAside(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	source, target := open(t), open(t)
	running(t, emitter(t, url, source, "emails"))
	running(t, listener(t, url, "emails", target, record))
	emit(t, source, "a", "true")
	awaitCount(t, target, done, 1)
	conn := connect(t, url)
	ch := channel(t, conn)
	for _, err := range []error{
		ch.ExchangeDeclare("souk.liar", "topic", true, false, false, false, nil),
		ch.QueueBind("souk.emails", "#", "souk.liar", false, nil),
		ch.QueueBind("souk.emails", "test.Other", "souk.test", false, nil),
		ch.Publish("souk.liar", said, false, false, message(t, "one", "forged")),
		ch.Publish("souk.test", "test.Other", false, false, message(t, "two", "odd")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	await(t, "both are dead", func() bool { return waiting(t, channel(t, conn), "souk.dead") == 2 })
	if got := recorded(t, target); len(got) != 1 || got[0] != "true" {
		t.Errorf("%q took effect", got)
	}
}
