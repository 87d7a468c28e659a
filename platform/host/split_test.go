package host_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/rabbit/rabbittest"
	"app/platform/host"
	"app/platform/internal/demo"
	"app/platform/lifecycle"
	"app/platform/network"
)

// post repeats a request under one key until it is answered, as a client has to.
func post(t *testing.T, url, body, key string) {
	t.Helper()
	eventually(t, func() error {
		if status, answer := call(t, http.MethodPost, url, body, "Idempotency-Key", key); status != http.StatusCreated {
			return fmt.Errorf("%d %s", status, answer)
		}
		return nil
	})
}

// A split over a bad network changes nothing but times: every sale is credited once.
func TestSplit(t *testing.T) {
	t.Parallel()
	for name, split := range map[string][]string{"the callee": {"bank"}, "the caller": {"shop"}, "the gateway": {"door"}, "all": {"bank", "shop", "door"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t, demo.All(), "all", nil)
			o.Split = split
			o.Network = network.Conditions{Latency: time.Millisecond, Jitter: time.Millisecond, Loss: 0.2, Duplicate: 0.3, Seed: 11}
			h := start(t, o)
			const sales = 25
			for i := range sales {
				post(t, h.URL()+"/v1/sales", `{"account":"acme","amount":7}`, fmt.Sprintf("the-sale-with-number-%d", i))
			}
			eventually(t, func() error {
				status, body := call(t, http.MethodGet, h.URL()+"/v1/accounts/acme", "", "Demo-User", "usr_1")
				if status != http.StatusOK {
					return fmt.Errorf("account: %d %s", status, body)
				}
				if got, want := decode[account](t, body), (account{Amount: 7 * sales, UserID: "usr_1", Caller: "door"}); got != want {
					return fmt.Errorf("account %+v, want %+v", got, want)
				}
				return nil
			})
			crossed(t, h, split)
		})
	}
}

// crossed checks that exactly the edges of the split went over the network, and that it
// was a bad one.
func crossed(t *testing.T, h *host.Host, split []string) {
	t.Helper()
	var lost, repeated uint64
	got := map[string]bool{}
	for _, l := range h.Network().Summary() {
		got[l.Kind+" "+l.From+" "+l.To] = true
		lost, repeated = lost+l.Lost(), repeated+l.Repeated
		if l.Lost() < l.Messages && l.P50 < time.Millisecond {
			t.Errorf("%+v is quicker than the network", l)
		}
	}
	for _, edge := range []string{"calls shop bank", "events shop bank", "requests door shop", "requests door bank"} {
		ends := strings.Fields(edge)[1:]
		if want := slices.Contains(split, ends[0]) || slices.Contains(split, ends[1]); got[edge] != want {
			t.Errorf("%s over the network: %t, want %t", edge, got[edge], want)
		}
	}
	if events := slices.Contains(split, "bank") || slices.Contains(split, "shop"); lost == 0 || events && repeated == 0 {
		t.Errorf("%d lost, %d repeated", lost, repeated)
	}
}

// teller emits google.protobuf.StringValue, whose second name makes it the module
// "protobuf".
type teller struct{ db *database.DB }

func (*teller) Name() string           { return "protobuf" }
func (*teller) Migrations() fs.FS      { return fstest.MapFS{} }
func (*teller) Emits() []proto.Message { return []proto.Message{&wrapperspb.StringValue{}} }
func (e *teller) Open(_ context.Context, env host.Env) error {
	e.db = env.DB
	return nil
}

func (e *teller) tell(ctx context.Context) error {
	return e.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return events.Emit(ctx, tx, events.Key{}, wrapperspb.String("hello"))
	})
}

// attentiveBank subscribes to the teller as well.
type attentiveBank struct {
	*demo.Bank
	heard atomic.Int64
}

func (b *attentiveBank) Subscriptions() []events.Subscription {
	return append(b.Bank.Subscriptions(), events.Subscribe("bank.told", func(context.Context, *database.Tx, events.Event[*wrapperspb.StringValue]) error {
		b.heard.Add(1)
		return nil
	}))
}

// A listener may be apart from one emitter and together with another.
func TestSplit_ListenerBetween(t *testing.T) {
	t.Parallel()
	bank, shop, door := demo.Modules()
	attentive, told := &attentiveBank{Bank: bank}, &teller{}
	o := options(t, []lifecycle.Module{attentive, told, shop, door}, "all", nil)
	o.Split, o.Network.Loss = []string{"shop"}, 1 // nothing of the shop arrives
	h := start(t, o)
	if err := told.tell(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if attentive.heard.Load() != 1 {
			return fmt.Errorf("heard %d times", attentive.heard.Load())
		}
		return nil
	})
	for _, l := range h.Network().Summary() {
		if l.From == "protobuf" {
			t.Errorf("%+v went over the network", l)
		}
	}
}

func TestSplit_Mistakes(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*host.Options){
		`there is no module "emails" to split: the modules are bank, shop, door`: func(o *host.Options) { o.Split = []string{"emails"} },
		"bank is not served here, so it is split already":                        func(o *host.Options) { o.Hosted, o.Split = []string{"shop"}, []string{"bank"} },
		"loss 2: must be from 0 to 1":                                            func(o *host.Options) { o.Network.Loss = 2 },
	} {
		o := options(t, demo.All(), "all", nil)
		change(&o)
		if _, err := host.New(t.Context(), o); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// With a broker, what is told across the split goes by way of it, over a bad network on
// both of its sides.
func TestSplit_OverABroker(t *testing.T) {
	t.Parallel()
	o := options(t, demo.All(), "all", map[string]string{"BROKER_URL": rabbittest.URL(t)})
	o.Split = []string{"bank"}
	o.Network = network.Conditions{Latency: time.Millisecond, Loss: 0.2, Duplicate: 0.3, Seed: 5}
	h := start(t, o)
	const sales = 25
	for i := range sales {
		post(t, h.URL()+"/v1/sales", `{"account":"acme","amount":7}`, fmt.Sprintf("the-sale-with-number-%d", i))
	}
	ways := map[string]bool{}
	eventually(t, func() error {
		status, body := call(t, http.MethodGet, h.URL()+"/v1/accounts/acme", "")
		if status != http.StatusOK || decode[account](t, body).Amount != 7*sales {
			return fmt.Errorf("account: %d %s", status, body)
		}
		return nil
	})
	for _, l := range h.Network().Summary() {
		ways[l.Kind+" "+l.From+" "+l.To] = true
	}
	for _, way := range []string{"events shop broker", "events broker bank", "calls shop bank"} {
		if !ways[way] {
			t.Errorf("nothing went as %s: %v", way, ways)
		}
	}
}

// What is said to arrive twice does: every event once more, which its consumer knows,
// and every call.
func TestSplit_Twice(t *testing.T) {
	t.Parallel()
	o := options(t, demo.All(), "all", nil)
	o.Split, o.Network.Duplicate = []string{"bank"}, 1
	h := start(t, o)
	for i := range 5 {
		post(t, h.URL()+"/v1/sales", `{"account":"acme","amount":7}`, fmt.Sprintf("the-sale-with-number-%d", i))
	}
	eventually(t, func() error {
		_, metrics := call(t, http.MethodGet, h.AdminURL()+"/metrics", "")
		for _, line := range []string{
			`souk_events_duplicates_total{consumer="bank.credit"} 5`, `souk_events_handled_total{consumer="bank.credit"} 5`,
			`souk_split_repeated_total{from="shop",kind="events",to="bank"} 5`, `souk_split_repeated_total{from="shop",kind="calls",to="bank"} 5`,
			`souk_split_messages_total{from="shop",kind="calls",to="bank"} 10`, `souk_module_ready{module="bank"} 1`,
			`souk_module_state{module="bank",state="running"} 1`,
		} {
			if !strings.Contains(metrics, line+"\n") {
				return fmt.Errorf("%s is not in\n%s", line, metrics)
			}
		}
		return nil
	})
}
