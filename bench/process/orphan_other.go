//go:build !linux

package process

import "os/exec"

// dieWithParent has no means here: should this process be killed, the program stays.
func dieWithParent(*exec.Cmd) {}
