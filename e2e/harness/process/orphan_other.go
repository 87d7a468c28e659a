//go:build !linux

package process

import "os/exec"

// DieWithParent has no means here: should this process be killed, the program stays.
func DieWithParent(*exec.Cmd) {}
