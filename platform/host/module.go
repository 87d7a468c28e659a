package host

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"app/platform/config"
	"app/platform/database"
	"app/platform/events"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/rpc"
)

// The interfaces below are what a module may implement, each with one method. All but
// Open and Handler are called on modules that are not hosted here too, so they only
// declare: they return values and keep closures over the receiver.

// Configurer is a module with configuration.
type Configurer interface {
	// Config points at the module's configuration struct, which is filled before Open
	// when the module is hosted here.
	Config() any
}

// DatabaseOwner is a module with a database of its own.
type DatabaseOwner interface {
	// Migrations holds the module's *.up.sql files at its root. Every table is named
	// <module>_...
	Migrations() fs.FS
}

// Caller is a module that calls other modules.
type Caller interface {
	// Calls lists the contracts the module calls, each with the client to fill: it is
	// ready to use in Open.
	Calls() []rpc.Dependency
}

// Callee is a module that other modules call.
type Callee interface {
	// Serves lists the services of the module's contract. Their handlers are asked for
	// after Open.
	Serves() []rpc.Service
}

// Emitter is a module that tells others what happened.
type Emitter interface {
	// Emits lists one empty message of each type of event that the module may emit.
	Emits() []proto.Message
}

// Subscriber is a module that acts on what happened elsewhere.
type Subscriber interface {
	// Subscriptions lists what the module acts on.
	Subscriptions() []events.Subscription
}

// Publisher is a module with public REST operations.
type Publisher interface {
	// Operations declares them. The gateway's process declares the operations of
	// modules hosted elsewhere too, so handlers must look at the receiver when they are
	// called and not before.
	Operations(api *operation.API)
}

// Opener is a module that has to be put together.
type Opener interface {
	// Open wires the module: its configuration is read, its database migrated, its
	// clients are ready. It does no work of its own, which begins with
	// lifecycle.Starter. ctx bounds Open only.
	Open(ctx context.Context, env Env) error
}

// Commander is a module with commands of its own on the command line, such as `app
// seed`.
type Commander interface {
	// Commands makes them. A command reaches the module's services inside tool.Run
	// only.
	Commands(tool Tool) []*cobra.Command
}

// Gateway is the module that serves the public API. At most one module is.
type Gateway interface {
	// Handler serves every public request. It is asked for once, after Open.
	Handler() http.Handler
}

// Outgoing is a module that may ask servers which are not the shop's, if it is
// configured to: others need no way out.
type Outgoing interface {
	// Asks says whom, for an operator: "mail servers".
	Asks() string
}

// Env is what a module gets to be put together with.
type Env struct {
	// DB is the module's database, nil for a module without migrations.
	DB *database.DB
	// Logger names the module in each line.
	Logger *slog.Logger
	// Now is the clock: UTC in whole microseconds, as the databases keep them.
	Now func() time.Time
	// Metrics takes the module's collectors. Names begin with souk_<module>_.
	Metrics prometheus.Registerer
	// Config is the configuration of the process, with PublicURL filled.
	Config config.Platform
	// DevPages reports whether the pages under /dev may be served.
	DevPages bool
	// Development reports whether only people at this machine can use the shop;
	// settings that are "auto" follow it (config.SwitchedOn).
	Development bool
	// Signer makes and checks the assertions that carry a principal between processes.
	Signer *identity.Signer
	// Routes are the public operations of all modules, hosted here or not: what the
	// gateway dispatches.
	Routes []Route
	// APIs hold the operations of all modules, for documents about them.
	APIs []*operation.API
	// OpenAPI renders the merged document of all public operations.
	OpenAPI func() ([]byte, error)
}

// Route is one public operation and where it is served.
type Route struct {
	Module    string
	Operation operation.Operation
	// Local serves the operation when its module is hosted here, else nil. It expects
	// the principal, the request id and the caller in the request's context.
	Local http.Handler
	// URL is the base address of the process that hosts the module, when Local is nil.
	URL string
}

// Tool runs a piece of a module's work from the command line.
type Tool interface {
	// Run opens the module, with the modules it needs, without listening or delivering
	// events, calls do, and closes them again. What do emits is delivered by the
	// processes that serve. ctx of do carries no principal.
	Run(ctx context.Context, do func(ctx context.Context) error) error
}
