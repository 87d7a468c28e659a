// Command app is the shop: all of it, or one module of it.
package main

import (
	"os"

	"app/modules"
	"app/platform/cli"
)

func main() { os.Exit(cli.Main(modules.All)) }
