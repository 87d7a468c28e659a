// Command part is the shop's own command line, but for what it hears from the broker:
// with SOUK_UNRULY, a seed, in its environment, events arrive late, again and in
// another order. The fault runs start it as each module's process.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"app/modules"
	"app/platform/cli"
	"app/platform/config"
	"app/platform/host"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &cli.Program{Modules: modules.All, Environment: config.Process(), Out: os.Stdout, Err: os.Stderr, Now: time.Now}
	text, err := p.Environment.Get("SOUK_UNRULY")
	if err == nil && text != "" {
		var seed uint64
		if seed, err = strconv.ParseUint(text, 10, 64); err == nil {
			p.Adjust = func(o *host.Options) { o.Unruly = newUnruly(seed).around }
		}
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "part: SOUK_UNRULY:", err)
		return 2
	}
	return p.Run(ctx, os.Args[1:])
}
