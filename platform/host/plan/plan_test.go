package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/config"
	"app/platform/events"
	"app/platform/host/plan"
)

// shop is two modules of which one subscribes to the other.
var shop = []plan.Declaration{
	{Name: "bank", Subscriptions: []events.Subscription{{Consumer: "bank.credit", Type: "shop.Sold"}}},
	{Name: "shop", Emits: []string{"shop.Sold"}, Database: true},
	{Name: "door", Gateway: true},
}

func planned(t *testing.T, s plan.Settings) *plan.Process {
	t.Helper()
	s.Modules, s.Environment = shop, config.Fixed(nil)
	if err := config.Load(s.Environment, &s.Platform); err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What is split off is in the process and treated as if it were not.
func TestColocated(t *testing.T) {
	t.Parallel()
	p := planned(t, plan.Settings{Hosted: []string{"bank", "shop"}, Split: []string{"shop"}})
	for edge, want := range map[string]string{
		"bank bank": "colocated", "shop shop": "colocated", "bank shop": "simulated", "shop bank": "simulated", "shop door": "remote",
	} {
		from, to, _ := strings.Cut(edge, " ")
		got := "remote"
		if p.Colocated(from, to) {
			got = "colocated"
		} else if p.SimulatedRemote(from, to) {
			got = "simulated"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", edge, got, want)
		}
	}
}

func TestListens(t *testing.T) {
	t.Parallel()
	for hosted, want := range map[string][]plan.Role{
		"door": {plan.Public, plan.Admin}, "shop": {plan.Modules, plan.Admin},
	} {
		var got []plan.Role
		for _, l := range planned(t, plan.Settings{Hosted: []string{hosted}}).Listens {
			got = append(got, l.Role)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", hosted, diff)
		}
	}
	if p := planned(t, plan.Settings{Hosted: []string{"shop"}, Command: true}); len(p.Listens) > 0 || !p.KeepsFiles() {
		t.Errorf("a command listens at %v, keeps files: %t", p.Listens, p.KeepsFiles())
	}
}
