package main

import (
	"os"
	"runtime"
	"strings"

	"app/bench/process"
)

// Machine is what the figures were measured on. It names the kind of machine, not the machine.
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

// loadAverage is the load average of the last minute, which tells how much else the machine was doing.
func loadAverage() string {
	first, _, _ := strings.Cut(content("/proc/loadavg"), " ")
	return first
}

func content(file string) string {
	raw, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(raw)
}
