package process

import (
	"os/exec"
	"syscall"
)

// DieWithParent makes the kernel kill the program, once it is started, should this
// process be killed.
func DieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
