// Command bench measures what the shop costs on this machine, holds each figure against
// the bar it has to meet, prints the table and writes report.md and report.json.
// README.md in this folder says how each row is measured.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"app/e2e/harness/shop"
)

// row is one line of work to measure. Numbers are those of the performance goals.
type row struct {
	number int
	name   string
	work   string
	note   string
	missed string // why a bar is not met, if that is known
	run    func(ctx context.Context, b *bench) ([]Figure, error)
}

// rows are all of them, the quick ones first.
var rows = []row{footprintRow, splitRow, callRow, commitRow, effectRow, relayRow, readRow, proxyRow, addedRow, checkoutRow, mixedRow, signInRow, seedRow, apartRow}

// bench is one run of the harness.
type bench struct {
	root   string // of the project
	work   string // folder for what is measured, removed at the end
	binary string // the program as it is released
	before string // an earlier build of it, measured in the same rounds; "" for none
	out    string // where the report goes

	growing  bool              // measure how the rows' cost grows, and not the rows
	costs    []Cost            // of the row that is measured, when the server was profiled
	promises map[string]string // of the engines beside SQLite that were measured, by name
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	only := flag.String("row", "", "measure only these rows, by number or name, separated by commas; all when empty")
	out := flag.String("out", "bench", "folder of the report")
	growing := flag.Bool("growth", false, "measure, instead of the rows, how their cost grows")
	before := flag.String("before", "", "an earlier build of the program, which rows 1 and 8 measure in the same rounds")
	bare := flag.String("bare", "", "be the bare server of row 1 at this address, and nothing else")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *bare != "" {
		return serveBare(ctx, *bare)
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	b, err := prepare(ctx, *out)
	if err != nil {
		return err
	}
	b.growing = *growing
	if *before != "" {
		if b.before, err = exec.LookPath(*before); err != nil {
			return fmt.Errorf("-before: %w", err)
		}
		if b.before, err = filepath.Abs(b.before); err != nil {
			return fmt.Errorf("-before: %w", err)
		}
	}
	defer func() { _ = os.RemoveAll(b.work) }() // it is in a folder that git ignores
	return b.measure(ctx, chosen)
}

// choose finds rows by number or name; all of them when the list is empty.
func choose(list string) ([]row, error) {
	if list == "" {
		return rows, nil
	}
	var chosen []row
	for word := range strings.SplitSeq(list, ",") {
		at := slices.IndexFunc(rows, func(r row) bool { return word == r.name || word == strconv.Itoa(r.number) })
		if at < 0 {
			return nil, fmt.Errorf("no row %q; there are: %s", word, names())
		}
		chosen = append(chosen, rows[at])
	}
	return chosen, nil
}

func names() string {
	var list []string
	for _, r := range rows {
		list = append(list, fmt.Sprintf("%d %s", r.number, r.name))
	}
	return strings.Join(list, ", ")
}

// prepare makes the folders and builds the program as it is released.
func prepare(ctx context.Context, out string) (*bench, error) {
	b := &bench{root: shop.Root(), out: out}
	if err := os.MkdirAll(filepath.Join(b.root, "bench", "out"), 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	var err error
	if b.work, err = os.MkdirTemp(filepath.Join(b.root, "bench", "out"), "run-"); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	b.binary = filepath.Join(b.work, "app")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags=timetzdata,grpcnotrace", "-ldflags=-s -w", "-o", b.binary, ".") // as the image has it
	build.Dir, build.Env = b.root, append(build.Environ(), "GOWORK=off")
	if said, err := build.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("build: %w: %s", err, said), os.RemoveAll(b.work))
	}
	return b, nil
}

// measure runs the rows one after the other and saves the report after each.
func (b *bench) measure(ctx context.Context, chosen []row) error {
	report, err := loadReport(b.out, thisMachine())
	if err != nil {
		return err
	}
	b.promises = report.Durability.Others // of rows that are kept
	if report.Durability, err = assertDurable(ctx, b.work); err != nil {
		return err
	}
	report.Durability.Others = b.promises
	fmt.Printf("%s\n\n", report.Durability)
	if b.growing {
		return b.grow(ctx, report, chosen)
	}
	for _, r := range chosen {
		result := b.result(ctx, r)
		if ctx.Err() != nil {
			return ctx.Err() //nolint:wrapcheck // somebody pressed Ctrl-C
		}
		result.print()
		report.put(result)
		report.Durability.Others = b.promises
		if err := report.save(b.out); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) result(ctx context.Context, r row) Result {
	result := Result{Row: r.number, Work: r.work, Note: r.note, At: time.Now(), Commit: b.commit(ctx)}
	var err error
	b.costs = nil
	if result.Busy, err = busy(ctx); err == nil {
		result.Figures, err = r.run(ctx, b)
	}
	result.Costs = b.costs
	if err != nil {
		result.Error = strings.ReplaceAll(err.Error(), b.work, "")
	}
	return result
}

// commit names the state of the tree; "" outside a clone.
func (b *bench) commit(ctx context.Context) string {
	cmd := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=12")
	cmd.Dir = b.root
	name, _ := cmd.Output()
	return strings.TrimSpace(string(name))
}

// print writes the row for whoever waits for it.
func (r Result) print() {
	fmt.Printf("row %d: %s (others took %.0f %% of the processors before)\n", r.Row, r.Work, 100*r.Busy)
	for _, f := range r.Figures {
		fmt.Printf("  %-46s %14s %14s  %s\n", f.Name, f.Wanted(), f.Ours(), f.Verdict())
	}
	if words := costsInWords(r.Costs); words != "" {
		fmt.Printf("  the processor's time goes to: %s\n", words)
	}
	if r.Error != "" {
		fmt.Printf("  not measured: %s\n", r.Error)
	}
	fmt.Println()
}
