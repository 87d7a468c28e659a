//go:build unix

package cli

import "syscall"

// keepPrivate makes every file that the process makes readable by its owner only:
// databases, their logs, keys and backups.
func keepPrivate() { syscall.Umask(0o077) }
