package emailstest

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends the process should the test be killed.
func dieWithParent(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
