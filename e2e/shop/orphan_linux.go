package shop

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends the process should the test be killed.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
