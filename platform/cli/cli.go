// Package cli is the command line over a list of modules. It knows the modules by their
// interfaces only.
//
// Exit codes: 0 for success, 1 for a failure at run time, 2 for a mistake of whoever
// typed the command or wrote the configuration. Errors are one clear line each on the
// standard error.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"app/platform/config"
	"app/platform/host"
	"app/platform/host/setup"
	"app/platform/lifecycle"
)

// The exit codes.
const (
	exitOK    = 0
	exitFail  = 1
	exitUsage = 2
)

// Program is the command line of a list of modules. Environment, Out and Err are the
// process's own in Main and made up in tests.
type Program struct {
	// Modules makes a fresh list of the modules, a callee before its callers.
	Modules     func() []lifecycle.Module
	Environment config.Environment
	Out, Err    io.Writer
	Now         func() time.Time
	// Adjust, when not nil, changes what processes are made of: a test's.
	Adjust func(*host.Options)

	began   time.Time
	started bool // the arguments were understood and a command runs
}

// Main runs the command line of this process and returns its exit code. An interrupt or
// SIGTERM ends the command in good order, a second one at once.
func Main(modules func() []lifecycle.Module) int {
	keepPrivate()
	p := &Program{Modules: modules, Out: os.Stdout, Err: os.Stderr, Now: time.Now}
	var err error
	if p.Environment, err = config.DotEnv(".env", config.Process()); err != nil {
		_, _ = fmt.Fprintln(p.Err, "app:", err)
		return exitUsage
	}
	ctx, stop := withInterrupt(context.Background())
	defer stop()
	return p.Run(ctx, os.Args[1:])
}

// Run runs one command line, without the program's name, and returns the exit code.
func (p *Program) Run(ctx context.Context, args []string) int {
	p.began = p.Now()
	root := p.rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	_, _ = fmt.Fprintln(p.Err, "app:", oneLine(err))
	var mistake *setup.Error
	var usage *usageError
	if !p.started || errors.As(err, &mistake) || errors.As(err, &usage) {
		return exitUsage
	}
	return exitFail
}

// usageError is a mistake of whoever typed the command.
type usageError struct{ error }

// oneLine takes the line ends out of cobra's suggestions.
func oneLine(err error) string {
	text, suggestions, found := strings.Cut(err.Error(), "\n\nDid you mean this?\n")
	if !found {
		return text
	}
	return text + "; did you mean " + strings.Join(strings.Fields(suggestions), " or ") + "?"
}

func (p *Program) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "app",
		Short:         "Souk: a shop in one binary, or one module of it",
		Long:          "Souk serves all of its modules in one process, or each in a process of its own.",
		Example:       "  app serve --all\n  app plan --module=orders\n  app routes",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			// cobra asks for required flags after this; a forgotten one is a mistake of
			// the command line too.
			if err := errors.Join(cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups()); err != nil {
				return err //nolint:wrapcheck // one clear line
			}
			p.started = true
			return nil
		},
	}
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(p.serveCommand(), p.modulesCommand(), p.planCommand(), p.migrateCommand(), p.routesCommand(), p.openAPICommand(), p.healthCommand(), p.eventsCommand(), p.dataCommand(), p.versionCommand())
	p.addModuleCommands(root)
	return root
}

// addModuleCommands adds what the modules contribute.
func (p *Program) addModuleCommands(root *cobra.Command) {
	all := p.Modules()
	for _, m := range all {
		if c, ok := m.(host.Commander); ok {
			root.AddCommand(c.Commands(host.NewTool(p.hostOptions(all), m.Name()))...)
		}
	}
}

// hostOptions are what every command makes its host of.
func (p *Program) hostOptions(all []lifecycle.Module) host.Options {
	o := host.Options{Modules: all, Environment: p.Environment, LogTo: p.Err, Now: p.Now, Version: buildVersion()}
	if p.Adjust != nil {
		p.Adjust(&o)
	}
	return o
}

// withInterrupt returns a context that the first interrupt or SIGTERM ends; the second
// ends the process.
func withInterrupt(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitFail)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}
