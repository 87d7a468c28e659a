package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"app/platform/database"
)

// Durability is what the database promised while it was measured, as read back from it,
// and what keeping the promise costs on this disk.
type Durability struct {
	Synchronous string `json:"synchronous"`
	Journal     string `json:"journal"`
	FileSystem  string `json:"file_system"`
	// Sync is how long writing 4 KiB and fsync(2) takes, in microseconds: the median of
	// 200.
	Sync float64 `json:"fsync_us"`
	// Others are the promises of the other engines in words, by name, as read back from
	// those that were measured.
	Others map[string]string `json:"others,omitempty"`
}

// String implements fmt.Stringer.
func (d Durability) String() string {
	text := fmt.Sprintf("SQLite synchronous=%s, journal %s, on %s where 4 KiB and fsync take %s us", d.Synchronous, d.Journal, d.FileSystem, number(d.Sync))
	for _, name := range slices.Sorted(maps.Keys(d.Others)) {
		text += "; " + name + ": " + d.Others[name]
	}
	return text
}

// errNotDurable is what the harness refuses to measure: a figure bought with durability
// says nothing.
var errNotDurable = errors.New("the database would not be durable")

// assertDurable opens a database in the folder as the modules do, reads its settings
// back on the connection that writes, and refuses any but the durable ones as well as a
// folder in memory.
func assertDurable(ctx context.Context, dir string) (d Durability, err error) {
	if d.FileSystem = fileSystem(content("/proc/self/mounts"), dir); d.FileSystem == "tmpfs" || d.FileSystem == "ramfs" {
		return d, fmt.Errorf("%w: %s is in memory", errNotDurable, dir)
	}
	db, err := database.Open(ctx, database.Options{Module: "bench", DataDir: dir})
	if err != nil {
		return d, fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return errors.Join(tx.QueryRow(ctx, "SELECT synchronous FROM pragma_synchronous").Scan(&d.Synchronous),
			tx.QueryRow(ctx, "SELECT journal_mode FROM pragma_journal_mode").Scan(&d.Journal))
	})
	if err != nil {
		return d, fmt.Errorf("read settings: %w", err)
	}
	if d.Synchronous != "2" || d.Journal != "wal" {
		return d, fmt.Errorf("%w: synchronous=%s, journal_mode=%s", errNotDurable, d.Synchronous, d.Journal)
	}
	d.Synchronous = "FULL"
	d.Sync, err = syncTime(filepath.Join(dir, "sync"))
	return d, err
}

// syncTime measures the disk.
func syncTime(path string) (float64, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err //nolint:wrapcheck // names the file
	}
	defer func() { _ = f.Close() }() // what counts is what Sync says
	var took []float64
	for range 200 {
		begun := time.Now()
		if _, err := f.Write(make([]byte, 4<<10)); err != nil {
			return 0, err //nolint:wrapcheck // names the file
		}
		if err := f.Sync(); err != nil {
			return 0, err //nolint:wrapcheck // names the file
		}
		took = append(took, micros(time.Since(begun)))
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// fileSystem finds the type of the file system that an absolute path is on, in the
// format of /proc/self/mounts: the mount with the longest matching path, the last of
// equals. "" when there is no such list.
func fileSystem(mounts, path string) (kind string) {
	longest := 0
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		if len(fields) < 3 || len(fields[1]) < longest {
			continue
		}
		if at := strings.TrimSuffix(fields[1], "/"); path == at || strings.HasPrefix(path, at+"/") {
			kind, longest = fields[2], len(fields[1])
		}
	}
	return kind
}
