package sqlite

import (
	"cmp"
	"errors"
	"fmt"
)

// fencedBatches is how many batches have savepoints after one that had to be run again.
const fencedBatches = 64

// errAgain is the outcome for the callers of a batch that was rolled back because one
// of them had to be.
var errAgain = errors.New("database: run again")

// errEnded is what a function gets that ignored an error after which SQLite had ended
// the transaction.
var errEnded = errors.New("the transaction ended under a function that ignored an error")

// keepInBatch makes the caller's work part of the batch.
func (w *writer) keepInBatch() error {
	if !w.fenced {
		if w.hasRolledBack() {
			return errEnded
		}
		return nil
	}
	if err := w.raw.execControl("RELEASE caller"); err != nil {
		return fmt.Errorf("%w: %w", errEnded, err)
	}
	return nil
}

// hasRolledBack reports whether SQLite has rolled the transaction back under the
// caller, as it does after errors such as a full disk. Only a statement that failed can
// have done that. A transaction cannot begin within another, so one that can shows it.
func (w *writer) hasRolledBack() bool {
	if !w.raw.failed || w.raw.execControl("BEGIN") != nil {
		return false
	}
	_ = w.raw.execControl("ROLLBACK") // there is nothing in it
	return true
}

// undoWork takes the caller's work back. It reports whether the caller has to run
// again, with everybody in its batch.
func (w *writer) undoWork(cause error) (again bool) {
	switch {
	case w.batch == 0:
		w.rollbackBatch(nil)
	case w.fenced:
		w.undoFenced(cause)
	case w.raw.changed || w.hasRolledBack():
		_ = w.raw.execControl("ROLLBACK") // fails when SQLite has rolled back already
		w.fences = fencedBatches
		w.finishBatch(errAgain)
		return true
	}
	return false
}

// undoFenced rolls back the caller's work and, where that fails, everybody's.
func (w *writer) undoFenced(cause error) {
	err := w.raw.execControl("ROLLBACK TO caller")
	if err == nil {
		err = w.raw.execControl("RELEASE caller")
	}
	if err != nil {
		w.rollbackBatch(fmt.Errorf("shared transaction ended: %w", cmp.Or(cause, err)))
	}
}
