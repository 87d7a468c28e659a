package faults

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"app/e2e/harness/shop"
	"app/modules"
	"app/platform/config"
	"app/platform/database/dbtest"
	"app/platform/events/rabbit/rabbittest"
	"app/platform/freeport"
	"app/platform/host"
)

// Servers are what the processes of all runs of a command share.
type Servers struct {
	Binary string // the command part
	Maria  *dbtest.Server
	Rabbit *rabbittest.Server
}

// world is the shop of one run.
type world struct {
	dir       string
	servers   Servers
	gateway   string            // its address
	broker    string            // the virtual host, past all links
	databases map[string]string // by module, past all links
	units     map[string]*unit  // by module
	links     links
	secret    string // signs the test provider's webhooks

	stop    context.CancelFunc
	running sync.WaitGroup
}

// calls are the modules that each module calls. The gateway passes requests on to all
// of them.
func calls() map[string][]string {
	out := map[string][]string{}
	for _, m := range modules.All() {
		if !slices.Contains(shop.Served(), m.Name()) {
			continue
		}
		if c, ok := m.(host.Caller); ok {
			for _, d := range c.Calls() {
				if !slices.Contains(out[m.Name()], d.Module) {
					out[m.Name()] = append(out[m.Name()], d.Module)
				}
			}
		}
		if m.Name() != "gateway" && !slices.Contains(out["gateway"], m.Name()) {
			out["gateway"] = append(out["gateway"], m.Name())
		}
	}
	return out
}

// Around are the things that can break in the shop as it is.
func Around() Surroundings {
	s := Surroundings{Modules: shop.Served()}
	for caller, callees := range calls() {
		for _, callee := range callees {
			s.Links = append(s.Links, caller+">"+callee)
		}
	}
	for _, m := range modules.All() {
		if _, ok := m.(host.DatabaseOwner); ok {
			s.Links = append(s.Links, m.Name()+">"+MariaDB)
		}
		_, emits := m.(host.Emitter)
		_, hears := m.(host.Subscriber)
		if emits || hears {
			s.Links = append(s.Links, m.Name()+">"+RabbitMQ)
		}
	}
	slices.Sort(s.Links)
	return s
}

// webhookSecret signs the webhooks of all runs.
const webhookSecret = "a secret of the fault runs' webhooks"

// openWorld starts a process for each module, with links between everything.
func openWorld(t testing.TB, servers Servers, plan *Plan, dir string) (*world, error) {
	t.Helper()
	w := &world{dir: dir, servers: servers, units: map[string]*unit{}, links: links{}, secret: webhookSecret}
	w.databases = shop.Accounts(t, servers.Maria.Account)
	w.broker = servers.Rabbit.Host(t)
	addresses := map[string]string{}
	for _, name := range shop.Served() {
		address, err := freeport.Address()
		if err != nil {
			return nil, err
		}
		addresses[name] = address
	}
	w.gateway = addresses["gateway"]
	for i, name := range shop.Served() {
		env, err := w.environment(name, addresses)
		if err != nil {
			return nil, err
		}
		env["SOUK_UNRULY"] = strconv.FormatUint(plan.Seed*100+uint64(i), 10)
		w.units[name] = newUnit(shop.NewPart(name, servers.Binary, filepath.Join(dir, name+".log"), []string{"serve", "--module=" + name}, env))
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	for _, u := range w.units {
		w.running.Go(func() { u.run(ctx) })
	}
	return w, nil
}

// environment is a process's configuration: whatever it talks to is behind a link of
// its own.
func (w *world) environment(name string, addresses map[string]string) (map[string]string, error) {
	env := shop.Settings()
	maps.Copy(env, map[string]string{
		"DATA_DIR": w.dir, "HTTP_ADDR": addresses[name], "PUBLIC_URL": "http://" + w.gateway, "CATALOG_HOLD_TTL": "5m",
		"PAYMENTS_TEST_WEBHOOK_SECRET": w.secret,
	})
	for _, callee := range calls()[name] {
		address, err := w.links.open(name+">"+callee, addresses[callee])
		if err != nil {
			return nil, err
		}
		env[config.ModuleVariable(callee, "URL")] = "http://" + address
	}
	var err error
	if location, owns := w.databases[name]; owns {
		if env[config.ModuleVariable(name, "DATABASE_URL")], err = w.behind(name+">"+MariaDB, location); err != nil {
			return nil, err
		}
	}
	for _, m := range shop.Served() { // the plan of a process wants to know where every listener is
		if variable := config.ModuleVariable(m, "URL"); m != name && env[variable] == "" {
			env[variable] = "http://" + addresses[m]
		}
	}
	env["BROKER_URL"], err = w.behind(name+">"+RabbitMQ, w.broker)
	return env, err
}

// behind puts a link before the server of a location.
func (w *world) behind(link, location string) (string, error) {
	u, err := url.Parse(location)
	if err != nil {
		return "", err
	}
	u.Host, err = w.links.open(link, u.Host)
	return u.String(), err
}

// awaitReady waits until all processes say that they are ready.
func (w *world) awaitReady(ctx context.Context) error {
	for name, u := range w.units {
		err := until(ctx, time.Minute, func(ctx context.Context) error { return ready(ctx, u.part.Address) })
		if err != nil {
			return fmt.Errorf("%s is not ready: %w", name, err)
		}
	}
	return nil
}

func ready(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/ready", http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}

// until repeats a step until it succeeds, for the given time at most.
func until(ctx context.Context, patience time.Duration, step func(context.Context) error) error {
	deadline := time.Now().Add(patience)
	for {
		err := step(ctx)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("after %s: %w", patience, err)
		}
		sleep(ctx, 50*time.Millisecond)
	}
}

// quit ends all processes in the way that makes them write down what they were at.
func (w *world) quit() {
	for _, u := range w.units {
		u.hold()
		u.signal(syscall.SIGQUIT)
	}
}

// close ends all processes and links.
func (w *world) close() {
	w.stop()
	w.running.Wait()
	w.links.close()
}
