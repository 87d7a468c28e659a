package shop

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"app/modules"
	"app/platform/config"
	"app/platform/database/dbtest"
	"app/platform/events/rabbit/rabbittest"
	"app/platform/freeport"
	"app/platform/host"
	"app/platform/network"
)

// Shape is an arrangement of the shop's modules in processes.
type Shape string

// The shapes. Containers have tests of their own.
const (
	// Local is one process with guarded local calls.
	Local Shape = "local"
	// RPC is one process that calls itself over loopback, repeats every call that may
	// be repeated and delivers every event twice.
	RPC Shape = "rpc"
	// Simulated is one process in which payments and emails are split off, over a
	// network that delays, loses and repeats.
	Simulated Shape = "simulated"
	// Processes is a process for each module, with their own SQLite files and no
	// broker.
	Processes Shape = "processes"
	// RabbitMQ is a process for each module, each with a schema and an account of its
	// own on MariaDB, and a broker between them. See dbtest.MySQL and rabbittest.URL
	// for where these come from, and for what happens when there are none.
	RabbitMQ Shape = "mariadb-rabbitmq"
)

// Shapes are those that scenarios run in.
var Shapes = []Shape{Local, RPC, Simulated, Processes, RabbitMQ}

// Split are those of them with a process for each module.
var Split = []Shape{Processes, RabbitMQ}

// Shop is a running shop.
type Shop struct {
	*Client        // anonymous
	Dir     string // folder of the databases
	// Databases are the addresses of the databases that are not in the folder, by
	// module.
	Databases map[string]string
	Broker    string  // address of the broker, "" without one
	Parts     []*Part // the operating-system processes, none in the shapes that are one process
}

// Settings gives a copy of the configuration that all shapes share.
func Settings() map[string]string { return maps.Clone(settings) }

// settings make the shop's background work quick enough for tests and take the limits
// off.
var settings = map[string]string{
	"RATE_LIMIT": "off", "ADMIN_ADDR": "off", "LOG_LEVEL": "warn", "LOG_FORMAT": "json", "DEV_PAGES": "on",
	"MERCHANTS_AUTO_APPROVE": "on", "PAYMENTS_TEST": "on",
	"ORDERS_RECONCILE_INTERVAL": "100ms", "PAYMENTS_RECONCILE_INTERVAL": "100ms", "PAYMENTS_TEST_SLOW": "300ms",
	"CATALOG_SWEEP_INTERVAL": "200ms", "EMAILS_LEASE": "2s", "EMAILS_RECIPIENT_RATE": "1000000",
	"INTERNAL_KEY": "a key that only the end-to-end tests know",
}

// Run runs a scenario in every shape, each a sub-test with an empty shop of its own.
// The extra settings come on top.
func Run(t *testing.T, scenario func(t *testing.T, s *Shop), extra map[string]string) {
	t.Helper()
	for _, shape := range Shapes {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			scenario(t, Open(t, shape, extra))
		})
	}
}

// Open starts an empty shop in the shape and stops it when the test ends.
func Open(t testing.TB, shape Shape, extra map[string]string) *Shop {
	t.Helper()
	env := maps.Clone(settings)
	maps.Copy(env, extra)
	s := &Shop{Dir: t.TempDir()}
	env["DATA_DIR"] = s.Dir
	switch shape {
	case RabbitMQ:
		databases := Accounts(t, dbtest.Account)
		migrateSchemas(t, s.Dir, databases)
		s.remote(t, env, databases, rabbittest.URL(t))
	case Processes:
		s.split(t, env)
	default:
		s.inProcess(t, shape, env)
	}
	return s
}

// OpenOn starts an empty shop in the shape RabbitMQ on servers that are the test's own,
// and stops it when the test ends.
func OpenOn(t testing.TB, maria *dbtest.Server, broker *rabbittest.Server, extra map[string]string) *Shop {
	t.Helper()
	env := maps.Clone(settings)
	maps.Copy(env, extra)
	s := &Shop{Dir: t.TempDir()}
	env["DATA_DIR"] = s.Dir
	s.remote(t, env, Accounts(t, maria.Account), broker.Host(t))
	return s
}

// OpenProcess starts an empty shop as one operating-system process, which a test may
// kill: it is Parts[0].
func OpenProcess(t testing.TB, extra map[string]string) *Shop {
	t.Helper()
	env := maps.Clone(settings)
	maps.Copy(env, extra)
	s := &Shop{Dir: t.TempDir()}
	address := FreeAddress(t)
	env["DATA_DIR"], env["HTTP_ADDR"] = s.Dir, address
	s.Client = &Client{Base: "http://" + address}
	p := NewPart("shop", Binary(t), filepath.Join(s.Dir, "shop.log"), []string{"serve", "--all"}, env)
	s.Parts = []*Part{p}
	p.Start(t)
	t.Cleanup(func() { s.stop(t) })
	p.AwaitReady(t)
	return s
}

// remote starts a process for each module, on schemas by module and with a broker
// between them.
func (s *Shop) remote(t testing.TB, env, databases map[string]string, broker string) {
	t.Helper()
	s.Databases, s.Broker = databases, broker
	env["BROKER_URL"] = broker
	for module, location := range databases {
		env[config.ModuleVariable(module, "DATABASE_URL")] = location
	}
	s.split(t, env)
}

// inProcess hosts all modules in the process of the test. Its client repeats what the
// simulated network loses.
func (s *Shop) inProcess(t testing.TB, shape Shape, env map[string]string) {
	t.Helper()
	var split []string
	var conditions network.Conditions
	var patience time.Duration
	switch shape {
	case RPC:
		split, conditions.Duplicate = names(), 1
	case Simulated:
		split, patience = []string{"payments", "emails"}, 20*time.Second
		conditions = network.Conditions{Latency: 2 * time.Millisecond, Jitter: 5 * time.Millisecond, Loss: 0.05, Duplicate: 0.1, Seed: 1}
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	all := modules.All()
	h, err := host.New(t.Context(), host.Options{
		Modules: all, Hosted: names(), Environment: config.Fixed(env), Listener: listener,
		Logger: slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Split:  split, Network: conditions, Rehearse: shape == RPC,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := h.Stop(ctx); err != nil {
			t.Errorf("stop the shop: %v", err)
		}
	})
	s.Client = &Client{Base: h.URL(), Patience: patience}
}

// names are all modules.
func names() []string {
	var out []string
	for _, m := range modules.All() {
		out = append(out, m.Name())
	}
	return out
}

// Accounts makes a schema and an account for each module, as the script of the
// deployment does, and gives their locations by module. account is dbtest.Account, or
// that of a server.
func Accounts(t testing.TB, account func(t testing.TB, module, script string) string) map[string]string {
	t.Helper()
	script, err := os.ReadFile(filepath.Join(Root(), "deploy", "mysql", "account.sql"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, m := range modules.All() {
		if _, owns := m.(host.DatabaseOwner); owns {
			out[m.Name()] = account(t, m.Name(), string(script))
		}
	}
	return out
}

// migrateSchemas migrates empty schemas as "app migrate up" does. Modules would do it at
// their start, in seconds and for every shop anew.
func migrateSchemas(t testing.TB, dir string, databases map[string]string) {
	t.Helper()
	for module, location := range databases {
		dbtest.MigrateSchema(t, location, "the module "+module, func() {
			c := exec.CommandContext(t.Context(), Binary(t), "migrate", "up", "--module="+module)
			c.Dir = dir
			c.Env = []string{"HOME=" + dir, "PATH=/usr/bin:/bin", config.ModuleVariable(module, "DATABASE_URL") + "=" + location}
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("migrate %s: %v\n%s", module, err, out)
			}
		})
	}
}

// Served are the modules that need a process: all but those that only have commands.
func Served() []string {
	return slices.DeleteFunc(names(), func(name string) bool { return name == "seed" })
}

// testLog writes log lines to the test's log.
type testLog struct{ t testing.TB }

// Write implements io.Writer.
func (l testLog) Write(line []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

// split starts a process for each module.
func (s *Shop) split(t testing.TB, env map[string]string) {
	t.Helper()
	binary := Binary(t)
	addresses := map[string]string{}
	for _, name := range Served() {
		addresses[name] = FreeAddress(t)
		env[config.ModuleVariable(name, "URL")] = "http://" + addresses[name]
	}
	s.Client = &Client{Base: "http://" + addresses["gateway"]}
	for _, name := range Served() {
		own := maps.Clone(env)
		own["HTTP_ADDR"] = addresses[name]
		own["PUBLIC_URL"] = s.Base
		delete(own, config.ModuleVariable(name, "URL"))
		for _, other := range Served() {
			if other != name {
				delete(own, config.ModuleVariable(other, "DATABASE_URL"))
			}
		}
		p := NewPart(name, binary, filepath.Join(s.Dir, name+".log"), []string{"serve", "--module=" + name}, own)
		s.Parts = append(s.Parts, p)
		p.Start(t)
	}
	t.Cleanup(func() { s.stop(t) })
	for _, p := range s.Parts {
		p.AwaitReady(t)
	}
}

// Part finds the process of a module.
func (s *Shop) Part(t testing.TB, name string) *Part {
	t.Helper()
	for _, p := range s.Parts {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no process %s", name)
	return nil
}

// FreeAddress is a loopback address that nobody listens at and nobody else is given.
func FreeAddress(t testing.TB) string {
	t.Helper()
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	return address
}
