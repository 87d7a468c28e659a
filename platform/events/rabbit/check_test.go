package rabbit_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/events/rabbit"
	"app/platform/events/rabbit/rabbittest"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	look := func(want ...rabbit.Finding) {
		t.Helper()
		got, err := rabbit.Check(t.Context(), url, topology("emails"))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v, -want +got\n%s", err, diff)
		}
	}
	const none = "not there yet: made at the start"
	for range 2 { // looking makes nothing
		look(rabbit.Finding{"exchange", "souk.dead", none}, rabbit.Finding{"queue", "souk.dead", none},
			rabbit.Finding{"exchange", "souk.test", none}, rabbit.Finding{"queue", "souk.emails", none},
			rabbit.Finding{"exchange", "souk.emails.hears." + said, none})
	}
	source, target := open(t), open(t)
	p := emitter(t, url, source, "emails")
	conn := connect(t, url)
	awaitQueue(t, conn, "souk.emails")
	put(t, conn, "souk.emails", message(t, "one", "x"))
	put(t, conn, "souk.emails", message(t, "another", "y"))
	p.stop(t)
	look(rabbit.Finding{"exchange", "souk.dead", "there"}, rabbit.Finding{"queue", "souk.dead", "0 messages, 0 consumers"},
		rabbit.Finding{"exchange", "souk.test", "there"}, rabbit.Finding{"queue", "souk.emails", "2 messages, 0 consumers"},
		rabbit.Finding{"exchange", "souk.emails.hears." + said, "there"})
	running(t, listener(t, url, "emails", target, record))
	awaitCount(t, target, done, 2)
	look(rabbit.Finding{"exchange", "souk.dead", "there"}, rabbit.Finding{"queue", "souk.dead", "0 messages, 0 consumers"},
		rabbit.Finding{"exchange", "souk.test", "there"}, rabbit.Finding{"queue", "souk.emails", "0 messages, 1 consumer"},
		rabbit.Finding{"exchange", "souk.emails.hears." + said, "there"})
}

// A queue that somebody made with other properties is told of, and used.
func TestAQueueOfOtherProperties(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	if _, err := channel(t, connect(t, url)).QueueDeclare("souk.emails", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	found, err := rabbit.Check(t.Context(), url, topology("emails"))
	if err != nil || !strings.Contains(found[3].State, "0 messages, 0 consumers, but of other properties than expected, and used as it is: PRECONDITION_FAILED") {
		t.Errorf("%v, %+v", err, found)
	}
	source, target := open(t), open(t)
	running(t, emitter(t, url, source, "emails"))
	running(t, listener(t, url, "emails", target, record))
	emit(t, source, "a", "x")
	awaitCount(t, target, done, 1)
}

func TestCheckWithoutABroker(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"amqp://me:secret@127.0.0.1:1/": "connect to the broker: dial tcp 127.0.0.1:1: connect: connection refused",
		"http://me:secret@127.0.0.1:1/": "the broker's address is not like amqp://user:password@host:5672/",
	} {
		_, err := rabbit.Check(t.Context(), url, topology("emails"))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", url, err)
		}
	}
	url := rabbittest.URL(t)
	_, err := rabbit.Check(t.Context(), strings.Replace(url, "guest:guest", "guest:secret", 1), topology("emails"))
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"amqp://souk:secret@rabbitmq":           "amqp://souk@rabbitmq:5672/",
		"amqps://souk:secret@rabbitmq:1234/one": "amqps://souk@rabbitmq:1234/one",
		"amqp://rabbitmq/":                      "amqp://guest@rabbitmq:5672/",
		"http://rabbitmq/":                      "",
	} {
		if got := rabbit.Address(url); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}
