package host

import (
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"app/platform/config"
	"app/platform/events/node"
	"app/platform/lifecycle"
	"app/platform/network"
)

// Options say what a process is made of.
type Options struct {
	// Modules are all modules of the shop, a callee before its callers. The list
	// belongs to the host: modules keep the host's clients and databases.
	Modules []lifecycle.Module
	// Hosted names the modules to serve here; see Select.
	Hosted []string
	// Environment is the configuration; nil for the environment of the process.
	Environment config.Environment
	// LogTo gets the log lines; nil means the standard error.
	LogTo io.Writer
	// Logger is used instead of one made from the configuration when not nil.
	Logger *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Version is shown in metrics and traces.
	Version string

	// Listener and Internal, when not nil, are used instead of listening at HTTP_ADDR
	// and INTERNAL_ADDR.
	Listener, Internal net.Listener

	// Split names modules hosted here that are reached as if each had a process of its
	// own: what is called, told and asked between one of them and any other goes over
	// the internal endpoint, or by the broker. With it a team sees what a split will
	// do, and the tests find out what works in one process only.
	Split []string
	// Network is what messages meet on these ways.
	Network network.Conditions
	// Rehearse, in tests, has all work on the databases run twice: see
	// database.Options.
	Rehearse bool
	// Unruly, when not nil, is put before the inboxes: see node.Options.
	Unruly func(node.Accept) node.Accept

	// tool leaves out what serves: listeners, events and the modules' background work.
	tool bool
}

func (o Options) withDefaults() Options {
	if o.Environment == nil {
		o.Environment = config.Process()
	}
	if o.LogTo == nil {
		o.LogTo = os.Stderr
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
