package host

import (
	"errors"
	"fmt"
	"strings"

	"app/platform/config"
)

// SetupError is a mistake of whoever starts the process, such as a missing variable, a
// port in use or a folder that cannot be written to: starting it again without a change
// fails again.
type SetupError struct{ err error }

// Error is one line per mistake.
func (e *SetupError) Error() string {
	problems := config.Problems(e.err)
	if len(problems) == 1 {
		return problems[0]
	}
	return fmt.Sprintf("%d things have to be put right:\n  %s", len(problems), strings.Join(problems, "\n  "))
}

// Unwrap gives the mistakes, joined.
func (e *SetupError) Unwrap() error { return e.err }

func setupErrorf(format string, args ...any) error { return &SetupError{fmt.Errorf(format, args...)} }

// setupAll makes one SetupError of several mistakes, nil of none.
func setupAll(errs ...error) error {
	if err := errors.Join(errs...); err != nil {
		return &SetupError{err}
	}
	return nil
}
