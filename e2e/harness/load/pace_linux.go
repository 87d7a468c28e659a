package load

import (
	"syscall"
	"time"
)

// timerSlack is PR_SET_TIMERSLACK of prctl(2).
const timerSlack = 29

// sharpen lets the kernel wake this thread when it is due, and not up to 50 us later
// together with others, until undone.
func sharpen() (undo func()) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, timerSlack, 1, 0)                   // else it is less sharp
	return func() { _, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, timerSlack, 0, 0) } // 0: what it was
}

// sleepUntil sleeps in the kernel.
func sleepUntil(at time.Time) {
	for wait := time.Until(at); wait > 0; wait = time.Until(at) {
		span := syscall.NsecToTimespec(int64(wait))
		_ = syscall.Nanosleep(&span, nil) // a signal ends it early
	}
}
