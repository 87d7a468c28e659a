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

// goBench runs the benchmark of a package count times and returns what each run printed. Where the platform has a
// benchmark of what a row is about, the row is that benchmark, run by the same command that a developer would use.
func (b *bench) goBench(ctx context.Context, pkg, name, benchtime string, count int, flags ...string) ([]sample, error) {
	args := append([]string{"test", "-run=^$", "-bench=^" + strings.ReplaceAll(name, "/", "$/^") + "$", "-benchtime=" + benchtime, "-count=" + strconv.Itoa(count)}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, pkg)...)
	cmd.Dir = b.root
	// Its databases go where durability was asserted, what it runs is the program as it is released, and its garbage is collected as that program's.
	cmd.Env = append(cmd.Environ(), "TMPDIR="+b.work, "SOUK_BINARY="+b.binary, "GOGC="+strconv.Itoa(cli.GarbagePercent))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test -bench %s %s: %w: %s", name, pkg, err, out)
	}
	samples, err := parseBench(string(out))
	samples = slices.DeleteFunc(samples, func(s sample) bool { return s.name != name }) // -bench also runs what is below it
	if err == nil && len(samples) == 0 {
		err = errNoSample
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", pkg, name, err)
	}
	return samples, nil
}

// parseBench reads lines such as "BenchmarkPlace/local-2  189584  6883 ns/op  28 allocs/op"; the number behind the
// name's last dash is GOMAXPROCS. Source: golang.org/design/14313-benchmark-format.
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
