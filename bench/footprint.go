package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

const (
	starts    = 7
	memoryAge = 5 * time.Second // of the process when its memory is read
)

var footprintRow = row{
	number: 11, name: "footprint", work: "everything in one process",
	note: "Ready is when the program says so and /ready has answered 200. The existing data folder holds the seeded shop.",
	run:  footprint,
}

func footprint(ctx context.Context, b *bench) ([]Figure, error) {
	size, err := os.Stat(b.binary)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the file
	}
	empty, err := b.startTimes(ctx, func(i int) string { return filepath.Join(b.work, fmt.Sprintf("empty-%d", i)) })
	if err != nil {
		return nil, err
	}
	seeded := filepath.Join(b.work, "seeded")
	if err := b.seed(ctx, seeded); err != nil {
		return nil, err
	}
	existing, err := b.startTimes(ctx, func(int) string { return seeded })
	if err != nil {
		return nil, err
	}
	memory, err := b.idleMemory(ctx, seeded)
	if err != nil {
		return nil, err
	}
	return []Figure{
		{Name: "ready with an empty data folder, median", Unit: "ms", Value: median(empty), Bar: atMost(1000), Note: startNote(empty)},
		{Name: "ready with an existing one, median", Unit: "ms", Value: median(existing), Bar: atMost(300), Note: startNote(existing)},
		{Name: "resident 5 s after the start, idle", Unit: "MB", Value: median(memory), Bar: atMost(64), Note: "median of " + all(memory)},
		{Name: "program file", Unit: "MB", Value: megabytes(size.Size()), Bar: atMost(40), Note: "the bar is the image's, which holds little else"},
	}, nil
}

func startNote(took []float64) string {
	return fmt.Sprintf("smallest %s; all: %s", number(slices.Min(took)), all(took))
}

// startTimes starts and stops the shop a few times and returns how long each took to be
// ready, in milliseconds.
func (b *bench) startTimes(ctx context.Context, data func(i int) string) (took []float64, err error) {
	for i := range starts {
		s, err := b.serve(ctx, data(i), "")
		if err != nil {
			return nil, err
		}
		took = append(took, millis(s.took))
		if err := s.Stop(); err != nil {
			return nil, err
		}
	}
	return took, nil
}

// idleMemory reads three times what the shop occupies when nobody has asked for
// anything, in megabytes.
func (b *bench) idleMemory(ctx context.Context, data string) (resident []float64, err error) {
	for range 3 {
		s, err := b.serve(ctx, data, "")
		if err != nil {
			return nil, err
		}
		if err := pause(ctx, memoryAge-s.took); err != nil {
			return nil, err
		}
		bytes, err := s.Resident()
		if err := errors.Join(err, s.Stop()); err != nil {
			return nil, err
		}
		resident = append(resident, megabytes(bytes))
	}
	return resident, nil
}

// seed fills a data folder with the shop worth looking at.
func (b *bench) seed(ctx context.Context, data string) error {
	cmd := exec.CommandContext(ctx, b.binary, "seed")
	cmd.Dir, cmd.Env = b.work, b.environment(data)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("seed: %w: %s", err, out)
	}
	return nil
}
