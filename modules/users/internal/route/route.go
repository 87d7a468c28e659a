// Package route is what the declarations of the public operations of users have in
// common.
package route

import "app/platform/operation"

// The tags that group the operations in the document.
var (
	SignIn  = []string{"Sign-in"}
	Users   = []string{"Users"}
	Factors = []string{"Second factors"}
)

// SmallBody bounds the bodies of all operations but those of passkeys: the longest has a
// password of 256 bytes and three names.
const SmallBody = 16 << 10

// At is the operation at a path of its own.
func At(op operation.Operation, path, id, summary string) operation.Operation {
	op.Path, op.ID, op.Summary = path, id, summary
	return op
}

// After is the id that a list goes on from, empty for its beginning.
func After(in *operation.Paging) (string, error) {
	cursor, err := operation.DecodeCursor(in.After, 1)
	if err != nil || len(cursor) == 0 {
		return "", err
	}
	return cursor[0], nil
}
