// Command scaffold starts a new module from modules/_template: `make module
// name=coupons`. It writes the files, adds the module to modules/modules.go and to the
// policy in modules/boundaries_test.go, and generates the code of its contract. What it
// makes builds, serves one operation and one call, and passes its tests.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"app/platform/scaffold/internal/draft"
)

func main() {
	name := flag.String("name", "", "name of the module: lower-case letters and digits, such as coupons")
	register := flag.Bool("register", true, "also add the module to modules.go and the policy; without it the boundary test names the lines to write")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := createModule(ctx, *name, *register); err != nil {
		fmt.Fprintln(os.Stderr, "scaffold:", err)
		if errors.Is(err, draft.ErrName) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

func createModule(ctx context.Context, name string, register bool) error {
	written, err := draft.Write(".", name, register)
	if err != nil {
		return err
	}
	for _, file := range written {
		fmt.Println("wrote", file)
	}
	generate := exec.CommandContext(ctx, "go", "tool", "-modfile=tools/go.mod", "buf", "generate", "--path", "modules/"+name)
	generate.Env = append(generate.Environ(), "GOWORK=off") // a -modfile does not go with a workspace
	generate.Stdout, generate.Stderr = os.Stdout, os.Stderr
	if err := generate.Run(); err != nil {
		return fmt.Errorf("generate the contract: %w", err)
	}
	fmt.Printf("\nNext: go test ./modules ./modules/%s/... and app plan --module=%s; then make the items into what the module is about.\n", name, name)
	return nil
}
