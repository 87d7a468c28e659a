package database

import "context"

// Read is DB.Read for a function that returns what it has read, such as one of a store.
// The value is the zero one when there is an error.
func Read[T any](ctx context.Context, db *DB, fn func(ctx context.Context, q *Tx) (T, error)) (T, error) {
	return returned(ctx, db.Read, fn)
}

// ReadOne is DB.ReadOne for a function that returns what its statement has read.
func ReadOne[T any](ctx context.Context, db *DB, fn func(ctx context.Context, q *Tx) (T, error)) (T, error) {
	return returned(ctx, db.ReadOne, fn)
}

// Write is DB.Write for a function that returns something; when fn runs more than once
// it is what the run returned that was committed.
func Write[T any](ctx context.Context, db *DB, fn func(ctx context.Context, tx *Tx) (T, error)) (T, error) {
	return returned(ctx, db.Write, fn)
}

// returned runs fn by run, a method of DB, and gives what its last run returned.
func returned[T any](ctx context.Context, run func(context.Context, func(context.Context, *Tx) error) error,
	fn func(context.Context, *Tx) (T, error),
) (T, error) {
	var value, none T
	err := run(ctx, func(ctx context.Context, tx *Tx) (err error) {
		value, err = fn(ctx, tx)
		return err
	})
	if err != nil {
		return none, err
	}
	return value, nil
}
