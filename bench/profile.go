package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/pprof/profile"
)

// profileTime is how long the processor is profiled.
const profileTime = 4 * time.Second

// profile runs the work once more under the profilers of the server, keeps what they
// saw as <name>.cpu.pprof and <name>.allocs.pprof in the folder profiles, and remembers
// what the processor was at work for. It comes after what is measured, because it slows
// the server down.
func (b *bench) profile(ctx context.Context, s *server, name string, work func(ctx context.Context)) (err error) {
	done := make(chan error, 1)
	go func() {
		cpu, err := b.fetch(ctx, fmt.Sprintf("%s/debug/pprof/profile?seconds=%.0f", s.admin, profileTime.Seconds()), name+".cpu.pprof")
		if err == nil {
			b.costs, err = costsOf(cpu)
		}
		done <- err
	}()
	work(ctx)
	if err := <-done; err != nil {
		return err
	}
	_, err = b.fetch(ctx, s.admin+"/debug/pprof/allocs", name+".allocs.pprof")
	return err
}

// profileBench is profile for a row that is a benchmark of the platform. What the
// benchmark does before and after is in it.
func (b *bench) profileBench(ctx context.Context, name, pkg, benchmark, benchtime string) error {
	in := func(file string) string { return filepath.Join(b.work, name+"."+file) }
	if _, err := b.goBench(ctx, pkg, benchmark, benchtime, 1, "-o="+in("test"), "-cpuprofile="+in("cpu"), "-memprofile="+in("allocs")); err != nil {
		return err
	}
	for _, kind := range []string{"cpu", "allocs"} {
		raw, err := os.ReadFile(in(kind))
		if err != nil {
			return fmt.Errorf("keep profile: %w", err)
		}
		if raw, err = b.keep(raw, name+"."+kind+".pprof"); err != nil {
			return err
		}
		if kind != "cpu" {
			continue
		}
		if b.costs, err = costsOf(raw); err != nil {
			return err
		}
	}
	return nil
}

// fetch reads what an address answers and keeps it as a file among the profiles.
func (b *bench) fetch(ctx context.Context, address, file string) (raw []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("fetch profile: %w", err)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("fetch profile: %w", err)
	}
	defer reply.Body.Close()
	raw, err = io.ReadAll(reply.Body)
	if err == nil && reply.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %d", address, reply.StatusCode)
	}
	if err != nil {
		return nil, fmt.Errorf("fetch profile: %w", err)
	}
	return b.keep(raw, file)
}

// keep writes a file among the profiles and gives what is in it.
func (b *bench) keep(raw []byte, file string) ([]byte, error) {
	raw, err := anywhere(raw)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.out, "profiles")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep profile: %w", err)
	}
	return raw, os.WriteFile(filepath.Join(dir, file), raw, 0o600) //nolint:wrapcheck // names the file
}

// anywhere takes from a profile where on this machine the program was.
func anywhere(raw []byte) ([]byte, error) {
	p, err := profile.Parse(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	for _, m := range p.Mapping {
		m.File = filepath.Base(m.File)
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		return nil, fmt.Errorf("write profile: %w", err)
	}
	return out.Bytes(), nil
}
