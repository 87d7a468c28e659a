package cli

import (
	"io/fs"
	"strconv"
	"strings"
)

// memoryLimit reads how many bytes the process may use: the limit of its control group
// (version 2, else 1), or the machine's memory when that is smaller or there is none.
// Zero when neither can be read.
func memoryLimit(root fs.FS) int64 {
	limit := firstNumber(root, "proc/meminfo") * 1024 // "MemTotal:  8048576 kB" is the first line
	for _, file := range []string{"sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if n := firstNumber(root, file); n > 0 && (limit == 0 || n < limit) {
			limit = n
		}
	}
	return limit
}

// firstNumber is the first number of a file, 0 when there is none, as in the "max" of
// an unlimited group.
func firstNumber(root fs.FS, name string) int64 {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(data), "\n")
	for word := range strings.FieldsSeq(line) {
		if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			return n
		}
	}
	return 0
}
