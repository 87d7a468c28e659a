package process

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Cores lists the processor cores that this process may run on.
func Cores() ([]string, error) {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil, err //nolint:wrapcheck // names the file
	}
	return parseCores(Field(string(raw), "Cpus_allowed_list"))
}

// parseCores reads a list such as "0-3,6".
func parseCores(list string) (cores []string, err error) {
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil, fmt.Errorf("read list of cores: %w", err)
		}
		to, err := strconv.Atoi(last)
		if err != nil {
			return nil, fmt.Errorf("read list of cores: %w", err)
		}
		for c := from; c <= to; c++ {
			cores = append(cores, strconv.Itoa(c))
		}
	}
	return cores, nil
}

// PinSelf moves all threads of this process to the cores.
func PinSelf(cores []string) error {
	//nolint:noctx // it ends at once
	cmd := exec.Command("taskset", "--all-tasks", "--cpu-list", "--pid", strings.Join(cores, ","), strconv.Itoa(os.Getpid()))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("move to cores %v: %w: %s", cores, err, out)
	}
	return nil
}
