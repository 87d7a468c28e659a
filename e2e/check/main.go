// Command check reads the databases of a Souk that has come to rest and reports every
// invariant that does not hold.
//
//	go run ./e2e/check -data data
//	go run ./e2e/check -data data -db orders=mysql://check:secret@127.0.0.1:3306/orders -acknowledged orders.txt
//
// Exit code 0: everything holds. 1: something does not. 2: a database could not be
// read.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"app/e2e/harness/invariants"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(errs)
	data := flags.String("data", "data", "folder of the SQLite databases")
	acknowledged := flags.String("acknowledged", "", "file with a line for each order a client was told of: its id and its idempotency key")
	urls := map[string]string{}
	flags.Func("db", "module=URL of a database elsewhere; may be repeated", func(s string) error {
		module, address, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("%q is not module=URL", s)
		}
		urls[module] = address
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return 2
	}
	violations, err := check(context.Background(), *data, urls, *acknowledged)
	report := log.New(out, "", 0)
	for _, v := range violations {
		report.Print(v)
	}
	if err != nil {
		log.New(errs, "check: ", 0).Print(err)
		return 2
	}
	report.Printf("%d invariants, %d violations", len(invariants.Names()), len(violations))
	if len(violations) > 0 {
		return 1
	}
	return 0
}

func check(ctx context.Context, data string, urls map[string]string, acknowledged string) ([]invariants.Violation, error) {
	told, err := readAcknowledged(acknowledged)
	if err != nil {
		return nil, err
	}
	dbs, err := invariants.Open(data, urls)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dbs.Close() }() // they were only read
	return invariants.Check(ctx, dbs, told)
}

func readAcknowledged(path string) (out []invariants.Acknowledged, err error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read acknowledged orders: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 2 {
			out = append(out, invariants.Acknowledged{OrderID: fields[0], Key: fields[1]})
		}
	}
	return out, nil
}
