// Package setup has the error of whoever starts a process: a missing variable, a port in
// use, a folder that cannot be written to.
package setup

import (
	"errors"
	"fmt"
	"strings"

	"app/platform/config"
)

// Error is one mistake or several of whoever starts the process: starting it again
// without a change fails again.
type Error struct{ err error }

// Errorf makes an Error of one mistake.
func Errorf(format string, args ...any) error { return &Error{fmt.Errorf(format, args...)} }

// Join makes one Error of the mistakes that are not nil, and nil of none.
func Join(mistakes ...error) error {
	if err := errors.Join(mistakes...); err != nil {
		return &Error{err}
	}
	return nil
}

// Error is one line per mistake.
func (e *Error) Error() string {
	problems := config.Problems(e.err)
	if len(problems) == 1 {
		return problems[0]
	}
	return fmt.Sprintf("%d things have to be put right:\n  %s", len(problems), strings.Join(problems, "\n  "))
}

// Unwrap gives the mistakes, joined.
func (e *Error) Unwrap() error { return e.err }
