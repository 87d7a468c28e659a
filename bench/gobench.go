package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"app/platform/cli"
)

// sample is one line of a Go benchmark: its name and its values by unit, as in "ns/op".
type sample struct {
	name   string
	values map[string]float64
}

// errNoSample is for a benchmark that is not there any more, or was skipped.
var errNoSample = errors.New("the benchmark printed no result")

// goBench runs the benchmark of a package count times and returns what each run
// printed. Where the platform has a benchmark of what a row is about, the row is that
// benchmark, run by the same command that a developer would use. A name that ends in a
// slash is that of one with parts, each of which is a sample. The flags are more of `go
// test`.
func (b *bench) goBench(ctx context.Context, pkg, name, benchtime string, count int, flags ...string) ([]sample, error) {
	pattern := "^" + strings.ReplaceAll(strings.TrimSuffix(name, "/"), "/", "$/^") + "$"
	args := append([]string{"test", "-run=^$", "-bench=" + pattern, "-benchtime=" + benchtime, "-count=" + strconv.Itoa(count)}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, pkg)...)
	cmd.Dir = b.root
	// Its databases go where durability was asserted, what it runs is the program as it
	// is released, and its garbage is collected as that program's. Servers are its own:
	// those of somebody else may promise what they like.
	cmd.Env = append(cmd.Environ(), "TMPDIR="+b.work, "SOUK_BINARY="+b.binary, "GOGC="+strconv.Itoa(cli.GarbagePercent), "SOUK_TEST_MYSQL=", "SOUK_TEST_RABBITMQ=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test -bench %s %s: %w: %s", name, pkg, err, out)
	}
	samples, err := parseBench(string(out))
	samples = slices.DeleteFunc(samples, func(s sample) bool { return !s.of(name) })
	if err == nil && len(samples) == 0 {
		err = errNoSample
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", pkg, name, err)
	}
	return samples, nil
}

// durableBench is goBench for one that keeps data in other engines than SQLite, which
// it has to have read back to be durable.
func (b *bench) durableBench(ctx context.Context, engines []engine, pkg, name, benchtime string, count int) ([]sample, error) {
	samples, err := b.goBench(ctx, pkg, name, benchtime, count)
	if err == nil {
		err = b.holdAll(samples, engines)
	}
	if err != nil {
		return nil, err
	}
	return samples, nil
}

// of reports whether the sample is of the benchmark, or one of its parts where the name
// asks for these: -bench runs both.
func (s sample) of(name string) bool {
	return s.name == name || strings.HasSuffix(name, "/") && strings.HasPrefix(s.name, name)
}

// parseBench reads lines such as "BenchmarkPlace/local-2 189584 6883 ns/op 28
// allocs/op"; the number behind the name's last dash is GOMAXPROCS. Source:
// golang.org/design/14313-benchmark-format.
func parseBench(out string) (samples []sample, err error) {
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		s := sample{name: fields[0], values: map[string]float64{}}
		if dash := strings.LastIndexByte(s.name, '-'); dash > 0 {
			s.name = s.name[:dash]
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if s.values[fields[i+1]], err = strconv.ParseFloat(fields[i], 64); err != nil {
				return nil, fmt.Errorf("read %q: %w", strings.TrimSpace(line), err)
			}
		}
		samples = append(samples, s)
	}
	return samples, nil
}

// column lists the values of one unit.
func column(samples []sample, unit string) (values []float64) {
	for _, s := range samples {
		values = append(values, s.values[unit])
	}
	return values
}
