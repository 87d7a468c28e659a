package process

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends the program should this process be killed.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
