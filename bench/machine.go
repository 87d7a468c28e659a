package main

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"app/e2e/harness/process"
)

// Machine is what the figures were measured on. It names the kind of machine, not the
// machine.
type Machine struct {
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	Memory    string `json:"memory"`
	System    string `json:"system"`
	Go        string `json:"go"`
}

// thisMachine reads proc(5); what it cannot read stays empty.
func thisMachine() Machine {
	return Machine{
		Processor: process.Field(content("/proc/cpuinfo"), "model name"),
		Cores:     runtime.NumCPU(),
		Memory:    process.Field(content("/proc/meminfo"), "MemTotal"),
		System:    runtime.GOOS,
		Go:        runtime.Version(),
	}
}

// busy watches the machine for half a second in which the harness does nothing and
// returns the share of the processors' time, 0 to 1, that went to others: what makes
// figures worse than they are. Source: proc_stat(5).
func busy(ctx context.Context) (float64, error) {
	idle, total := times(content("/proc/stat"))
	if err := pause(ctx, 500*time.Millisecond); err != nil {
		return 0, err
	}
	idleThen, totalThen := times(content("/proc/stat"))
	if totalThen == total {
		return 0, nil
	}
	return 1 - float64(idleThen-idle)/float64(totalThen-total), nil
}

// times adds up the first line, "cpu user nice system idle iowait irq softirq steal
// ...", without the guests' share, which is in user already.
func times(stat string) (idle, total int64) {
	first, _, _ := strings.Cut(stat, "\n")
	for i, field := range strings.Fields(first) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil || i > 8 {
			continue
		}
		total += n
		if i == 4 || i == 5 {
			idle += n
		}
	}
	return idle, total
}

func content(file string) string {
	raw, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(raw)
}
