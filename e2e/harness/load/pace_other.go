//go:build !linux

package load

import "time"

func sharpen() (undo func()) { return func() {} }

// sleepUntil is as sharp as the runtime's timers.
func sleepUntil(at time.Time) { time.Sleep(time.Until(at)) }
