package cli_test

import (
	"testing"
	"testing/fstest"

	"app/platform/cli"
)

func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	meminfo := file("MemTotal:        2048 kB\nMemFree:  1 kB\n")
	for name, c := range map[string]struct {
		root fstest.MapFS
		want int64
	}{
		"nothing can be read":          {fstest.MapFS{}, 0},
		"the machine's memory":         {fstest.MapFS{"proc/meminfo": meminfo}, 2048 * 1024},
		"an unlimited group":           {fstest.MapFS{"proc/meminfo": meminfo, "sys/fs/cgroup/memory.max": file("max\n")}, 2048 * 1024},
		"a group's limit":              {fstest.MapFS{"proc/meminfo": meminfo, "sys/fs/cgroup/memory.max": file("1000\n")}, 1000},
		"a limit beyond the machine's": {fstest.MapFS{"proc/meminfo": meminfo, "sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n")}, 2048 * 1024},
	} {
		if got := cli.MemoryLimit(c.root); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		":8080": "http://127.0.0.1:8080", "0.0.0.0:80": "http://127.0.0.1:80", "[::]:80": "http://127.0.0.1:80",
		"10.0.0.1:80": "http://10.0.0.1:80", "127.0.0.1:8080": "http://127.0.0.1:8080",
	} {
		if got := cli.Reachable(addr); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}
