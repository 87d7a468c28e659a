// Command scaffold starts a new module from modules/_template: `make module
// name=coupons`. It writes the files, adds the module to modules/modules.go, to the
// policy in modules/boundaries_test.go and to the map in docs/architecture.md, generates
// the code of its contract, and writes the files of the deployment that follow. What it
// makes builds, serves one operation and one call, and passes all tests.
//
// With -compose it only writes the files of the deployment: `make compose`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"app/platform/scaffold/compose"
	"app/platform/scaffold/internal/draft"
)

func main() {
	name := flag.String("name", "", "name of the module: lower-case letters and digits, such as coupons")
	register := flag.Bool("register", true, "also add the module to modules.go and the policy; without it the boundary test names the lines to write")
	onlyCompose := flag.Bool("compose", false, "make no module; write the files of the deployment that follow from the declarations")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	work := func() error { return createModule(ctx, *name, *register) }
	if *onlyCompose {
		work = func() error { return writeDeployment(ctx) }
	}
	if err := work(); err != nil {
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
	printPaths(written)
	generate := exec.CommandContext(ctx, "go", "tool", "-modfile=tools/go.mod", "buf", "generate", "--path", "modules/"+name)
	generate.Env = append(generate.Environ(), "GOWORK=off") // a -modfile does not go with a workspace
	generate.Stdout, generate.Stderr = os.Stdout, os.Stderr
	if err := generate.Run(); err != nil {
		return fmt.Errorf("generate the contract: %w", err)
	}
	if err := writeDeployment(ctx); err != nil {
		return err
	}
	fmt.Printf("\nNext: go test ./modules ./modules/%s/...\nThen make the items into what the module is about.\n", name)
	return nil
}

// writeDeployment asks the program as it is now what follows from its declarations.
func writeDeployment(ctx context.Context) error {
	plan, err := runPlan(ctx, "--compose")
	if err != nil {
		return err
	}
	broker, err := runPlan(ctx, "--broker")
	if err != nil {
		return err
	}
	changed, err := compose.Write(".", plan, broker)
	printPaths(changed)
	return err
}

func runPlan(ctx context.Context, flag string) ([]byte, error) {
	plan := exec.CommandContext(ctx, "go", "run", ".", "plan", flag)
	plan.Stderr = os.Stderr
	out, err := plan.Output()
	if err != nil {
		return nil, fmt.Errorf("go run . plan %s: %w", flag, err)
	}
	return out, nil
}

func printPaths(paths []string) {
	for _, path := range paths {
		fmt.Println("wrote", path)
	}
}
