package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// AddressOff as a listen address means: do not listen.
const AddressOff = "off"

// What INTERNAL_ASSERTIONS may be.
const (
	AssertionsStrict     = "strict"
	AssertionsCompatible = "compatible"
)

// Platform is the configuration of a process, whatever it hosts.
type Platform struct {
	HTTPAddr     string `env:"HTTP_ADDR" envDefault:"127.0.0.1:8080" doc:"where the public API listens; in a process without the gateway, where the other processes reach its modules"`
	InternalAddr string `env:"INTERNAL_ADDR" doc:"where the other processes reach the modules of a process that also hosts the gateway"`
	AdminAddr    string `env:"ADMIN_ADDR" envDefault:"127.0.0.1:9090" doc:"where metrics, pprof and module states are served; off for nowhere"`
	PublicURL    string `env:"PUBLIC_URL" doc:"the address people use, as it appears in e-mails; http://<HTTP_ADDR> when empty"`

	DataDir     string `env:"DATA_DIR" envDefault:"data" doc:"folder of the SQLite databases and of generated keys"`
	BrokerURL   string `env:"BROKER_URL" secret:"true" doc:"amqp:// address of a RabbitMQ; without it events travel directly between the processes"`
	InternalKey string `env:"INTERNAL_KEY" secret:"true" doc:"key that the processes of one shop sign their requests with, 32 bytes at least; generated into DATA_DIR when everything runs in one process"`

	InternalKeysAccepted []string `env:"INTERNAL_KEYS_ACCEPTED" secret:"true" doc:"other keys that are accepted besides INTERNAL_KEY while the processes change to another, separated by commas"`

	InternalAssertions string `env:"INTERNAL_ASSERTIONS" envDefault:"strict" doc:"what other processes of the shop must show: strict for an assertion of the one request that they send, compatible for that of the release before 2026-11-28 as well, which is good for any, while processes are replaced one by one"`

	RateLimit      string         `env:"RATE_LIMIT" envDefault:"on" doc:"off switches the rate limits of the public API off, for load tests"`
	DevPages       string         `env:"DEV_PAGES" envDefault:"auto" doc:"serve the pages under /dev: on, off, or auto for in development only: the public API listens on a loopback address, and PUBLIC_URL is plain HTTP to one"`
	TrustedProxies []netip.Prefix `env:"TRUSTED_PROXIES" doc:"networks of the proxies in front whose X-Forwarded-For is believed"`

	MaxConnections        int `env:"HTTP_MAX_CONNECTIONS" envDefault:"4096" doc:"connections that the public API accepts at a time; each may take some 50 KiB"`
	MaxConnectionsNetwork int `env:"HTTP_MAX_CONNECTIONS_PER_NETWORK" envDefault:"512" doc:"connections from one network (an IPv4 address, an IPv6 /64) that is not in TRUSTED_PROXIES"`

	LogLevel     slog.Level `env:"LOG_LEVEL" envDefault:"info" doc:"debug, info, warn or error"`
	LogFormat    string     `env:"LOG_FORMAT" envDefault:"auto" doc:"text, json, or auto for text on a terminal and json elsewhere"`
	OTLPEndpoint string     `env:"OTEL_EXPORTER_OTLP_ENDPOINT" doc:"URL of an OpenTelemetry collector (OTLP over HTTP) that gets the traces; none when empty"`

	StartTimeout    time.Duration `env:"START_TIMEOUT" envDefault:"15s" doc:"how long one module may take to start"`
	ShutdownDelay   time.Duration `env:"SHUTDOWN_DELAY" envDefault:"0s" doc:"how long to keep serving after /ready turned negative, so that load balancers notice"`
	ConnectionAge   time.Duration `env:"CONNECTION_AGE" envDefault:"30s" doc:"how long another process of the shop keeps a connection to this one: then it finds the replicas that there are now"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"10s" doc:"how long requests in flight may take to finish, and each module to stop"`
}

// Validate checks what the types cannot say. Every error names its variable.
func (p *Platform) Validate() error {
	return errors.Join(
		checkAddress("HTTP_ADDR", p.HTTPAddr), checkAddress("INTERNAL_ADDR", p.InternalAddr), checkAddress("ADMIN_ADDR", p.AdminAddr),
		baseURL("PUBLIC_URL", p.PublicURL, "http", "https"), baseURL("OTEL_EXPORTER_OTLP_ENDPOINT", p.OTLPEndpoint, "http", "https"),
		baseURL("BROKER_URL", p.BrokerURL, "amqp", "amqps"),
		oneOf("INTERNAL_ASSERTIONS", p.InternalAssertions, AssertionsStrict, AssertionsCompatible),
		oneOf("RATE_LIMIT", p.RateLimit, "on", "off"), oneOf("DEV_PAGES", p.DevPages, "auto", "on", "off"),
		oneOf("LOG_FORMAT", p.LogFormat, "auto", "text", "json"),
		atLeastOne("HTTP_MAX_CONNECTIONS", p.MaxConnections), atLeastOne("HTTP_MAX_CONNECTIONS_PER_NETWORK", p.MaxConnectionsNetwork),
		checkPositive("START_TIMEOUT", p.StartTimeout), checkPositive("CONNECTION_AGE", p.ConnectionAge), checkPositive("SHUTDOWN_TIMEOUT", p.ShutdownTimeout),
		checkInternalKey(p.InternalKey), acceptedKeys(p.InternalKeysAccepted),
	)
}

// Secure reports whether people come over TLS, which ends before this process.
func (p *Platform) Secure() bool { return strings.HasPrefix(p.PublicURL, "https://") }

// Development reports whether only people at this machine can use the shop: this
// process listens at a loopback address, and the address people use is plain HTTP to a
// loopback host. A proxy in front usually listens elsewhere and brings people from
// outside, so PUBLIC_URL counts as much as the listener. What strangers must never
// meet, such as the test payments, is on by default in development only.
func (p *Platform) Development(listen string) bool {
	if !Loopback(listen) || p.PublicURL == "" {
		return Loopback(listen)
	}
	u, err := url.Parse(p.PublicURL)
	return err == nil && u.Scheme == "http" && loopbackHost(u.Hostname())
}

// SwitchedOn reads a setting whose values are on, off, and auto for "in development
// only".
func SwitchedOn(setting string, development bool) bool {
	return setting == "on" || setting == "auto" && development
}

// Switch is a setting for something that belongs to development: pages without a
// sign-in, accounts that everybody knows.
type Switch struct {
	Variable string // such as DEV_PAGES
	Setting  string // on, off, or auto for on in development only
	What     string // what a stranger can do while it is on, as a sentence without its period
}

// On reports whether the switch is on.
func (s Switch) On(development bool) bool { return SwitchedOn(s.Setting, development) }

// Loopback reports whether only this machine can reach a listen address.
func Loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	return loopbackHost(host)
}

func loopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// ModuleURL reads <MODULE>_URL, the address of the process that hosts a module; empty
// when it is not set.
func ModuleURL(environment Environment, module string) (string, error) {
	name := ModuleVariable(module, "URL")
	value, err := environment.Get(name)
	if err == nil {
		err = baseURL(name, value, "http", "https")
	}
	return strings.TrimSuffix(value, "/"), err
}

// ModuleVariable names a variable of a module, as in ORDERS_URL.
func ModuleVariable(module, suffix string) string { return strings.ToUpper(module) + "_" + suffix }

func checkAddress(name, value string) error {
	if value == "" || value == AddressOff {
		return nil
	}
	if _, _, err := net.SplitHostPort(value); err != nil {
		return fmt.Errorf("%s=%q: not host:port, such as 127.0.0.1:8080 or :8080", name, value)
	}
	return nil
}

func baseURL(name, value string, schemes ...string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err == nil && u.Host != "" {
		for _, s := range schemes {
			if u.Scheme == s {
				return nil
			}
		}
	}
	// The value is not shown: a URL may hold a password.
	return fmt.Errorf("%s: not a URL that begins with %s://", name, strings.Join(schemes, ":// or "))
}

func oneOf(name, value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return fmt.Errorf("%s=%q: must be one of %s", name, value, strings.Join(allowed, ", "))
}

func checkPositive(name string, d time.Duration) error {
	if d <= 0 {
		return fmt.Errorf("%s=%q: must be longer than nothing", name, d)
	}
	return nil
}

func atLeastOne(name string, n int) error {
	if n < 1 {
		return fmt.Errorf("%s=%d: must be at least 1", name, n)
	}
	return nil
}

func acceptedKeys(values []string) error {
	for i, value := range values {
		if len(value) < 32 {
			return fmt.Errorf("INTERNAL_KEYS_ACCEPTED: key %d has %d bytes, at least 32 are needed", i+1, len(value))
		}
	}
	return nil
}

func checkInternalKey(value string) error {
	if value != "" && len(value) < 32 {
		return fmt.Errorf("INTERNAL_KEY: %d bytes, at least 32 are needed", len(value))
	}
	return nil
}
