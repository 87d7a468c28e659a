package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the kernel's processor times, USER_HZ, which is 100 on every
// architecture that Go runs on.
const tick = 10 * time.Millisecond

// errFormat is for accounts that do not read as documented.
var errFormat = errors.New("unexpected format")

// CPU is the processor time, user and system, that the process has used, to 10 ms.
// Source: proc_pid_stat(5).
func (p *Process) CPU() (time.Duration, error) { return CPUOf(p.PID()) }

// CPUOf is CPU for a process that somebody else has started.
func CPUOf(pid int) (time.Duration, error) {
	file := "/proc/" + strconv.Itoa(pid) + "/stat"
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0, err //nolint:wrapcheck // names the file
	}
	return parseStat(raw)
}

// parseStat reads utime and stime, fields 14 and 15. The name in field 2 may hold
// anything: count from its end.
func parseStat(raw []byte) (time.Duration, error) {
	_, rest, found := bytes.Cut(raw[max(0, bytes.LastIndexByte(raw, ')')):], []byte(") "))
	fields := strings.Fields(string(rest))
	if !found || len(fields) < 13 {
		return 0, fmt.Errorf("read processor time: %w: %s", errFormat, raw)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err := errors.Join(err, err2); err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	return time.Duration(user+system) * tick, nil
}

// Resident is the memory of the process that is in RAM, in bytes: VmRSS of
// proc_pid_status(5).
func (p *Process) Resident() (int64, error) { return ResidentOf(p.PID()) }

// ResidentOf is Resident for a process that somebody else has started.
func ResidentOf(pid int) (int64, error) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err //nolint:wrapcheck // names the file
	}
	return parseKilobytes(string(raw), "VmRSS")
}

// ShareOf is what of the memory in RAM is a process's own, in bytes: of pages that
// several processes have, such as those of the program file, each has its part. Pss of
// proc_pid_smaps(5).
func ShareOf(pid int) (int64, error) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")
	if err != nil {
		return 0, err //nolint:wrapcheck // names the file
	}
	return parseKilobytes(string(raw), "Pss")
}

func parseKilobytes(account, field string) (int64, error) {
	var kilobytes int64
	if _, err := fmt.Sscanf(Field(account, field), "%d kB", &kilobytes); err != nil {
		return 0, fmt.Errorf("read %s: %w", field, err)
	}
	return kilobytes << 10, nil
}

// Field finds the value of a line "name: value" in a text such as /proc/cpuinfo; ""
// when there is none.
func Field(text, name string) string {
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
