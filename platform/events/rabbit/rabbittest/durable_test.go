package rabbittest

import (
	"errors"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	good := queue{"good", "quorum", true}
	publishing, hearing := channel{Connection: "1", Confirm: true}, channel{Connection: "2", Consumers: 1}
	cases := map[string]struct {
		queues   []queue
		channels []channel
		want     Durability
	}{
		"OK":                         {[]queue{good, good}, []channel{publishing, hearing, {Connection: "2"}}, Durability{2, 1}},
		"ErrForgetsWhenRestarted":    {[]queue{good, {"bad", "quorum", false}}, []channel{publishing}, Durability{}},
		"ErrNotReplicated":           {[]queue{good, {"bad", "classic", true}}, []channel{publishing}, Durability{}},
		"ErrOneDoesNotWait":          {[]queue{good}, []channel{publishing, {Connection: "3"}}, Durability{}},
		"ErrAnotherOfTheSameDoesNot": {[]queue{good}, []channel{publishing, {Connection: "1"}}, Durability{}},
		"ErrNothingPublishes":        {[]queue{good}, []channel{hearing}, Durability{}},
		"ErrNothingToPublishTo":      {nil, []channel{publishing}, Durability{}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := requireDurable(tc.queues, tc.channels)
			if got != tc.want || errors.Is(err, errNotDurable) == (tc.want != Durability{}) {
				t.Errorf("judge = %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}

func TestParseChannels(t *testing.T) {
	t.Parallel()
	const raw = `[
{"connection":"#PID<12342.808.0>","confirm":true,"consumer_count":0,"vhost":"mine"}
,{"connection":"#PID<12342.809.0>","confirm":false,"consumer_count":1,"vhost":"another"}
]`
	got, err := parseChannels([]byte(raw), "mine")
	if err != nil || len(got) != 1 || got[0] != (channel{"#PID<12342.808.0>", "mine", true, 0}) {
		t.Errorf("parseChannels: %+v, %v", got, err)
	}
	if _, err := parseChannels([]byte("Error: unable to perform an operation"), "mine"); err == nil {
		t.Error("read what is no list")
	}
}

// What a real server says of its channels and queues is what is judged.
func TestDurability(t *testing.T) {
	t.Parallel()
	location := URL(t)
	if private == nil {
		t.Skip("NOT TESTED: a server of somebody else is not asked")
	}
	conn, err := amqp.Dial(location)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // the test is over
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ch.QueueDeclare("q", true, false, false, false, amqp.Table{"x-queue-type": "quorum"}); err != nil {
		t.Fatal(err)
	}
	host := location[len(private.URL()):]
	if d, err := private.hostDurability(host); !errors.Is(err, errNotDurable) {
		t.Errorf("before confirm mode: %+v, %v", d, err)
	}
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	if d := Durable(t, location); d != (Durability{1, 1}) {
		t.Errorf("in confirm mode: %+v", d)
	}
	if _, err := ch.QueueDeclare("forgetful", false, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if d, err := private.hostDurability(host); !errors.Is(err, errNotDurable) {
		t.Errorf("with a queue that forgets: %+v, %v", d, err)
	}
}
