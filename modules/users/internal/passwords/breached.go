package passwords

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // it is how such lists name passwords, and protects nothing here
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// Breached is a list of passwords that are known from breaches, in the form in which
// Have I Been Pwned offers its own: a line for each, in order, of the SHA-1 of the
// password in hexadecimal digits, a colon, and how often it was seen. Nil is a list
// without passwords. Safe for concurrent use.
type Breached struct {
	file io.ReaderAt
	size int64
}

// breachedLine bounds a line: 40 digits, a colon, a count, a line end.
const breachedLine = 64

// OpenBreached opens the list in a file, which stays open and is never read as a whole.
// Errors: the file cannot be read, or its first and last lines are not such a list in
// order.
func OpenBreached(path string) (*Breached, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open list: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("open list: %w", errors.Join(err, file.Close()))
	}
	b := &Breached{file: file, size: info.Size()}
	if err := b.checkHashOrder(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return b, nil
}

// checkHashOrder looks at both ends.
func (b *Breached) checkHashOrder() error {
	first, _, err := b.lineAt(0)
	if err != nil {
		return err
	}
	last := first
	for at := max(0, b.size-2*breachedLine); at < b.size; {
		hash, next, err := b.lineAt(at)
		if err != nil {
			return err
		}
		if hash != "" {
			last = hash
		}
		at = next
	}
	if first == "" || last < first {
		return errors.New("must be lines of HASH:COUNT in the order of the hashes")
	}
	return nil
}

// Has reports whether the list has the password as it is. Errors: the list cannot be
// read.
func (b *Breached) Has(password string) (bool, error) {
	if b == nil {
		return false, nil
	}
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	want := string(bytes.ToUpper([]byte(hex.EncodeToString(sum[:]))))
	low, high := int64(0), b.size // the line begins in between
	for low < high {
		middle := low + (high-low)/2
		hash, next, err := b.lineAt(middle)
		switch {
		case err != nil:
			return false, err
		case hash == want:
			return true, nil
		case hash == "" || hash > want:
			high = middle
		default:
			low = next
		}
	}
	return false, nil
}

// lineAt reads the hash of the first line that begins at an offset or after it, and the
// offset of the one behind; hash is empty when there is none.
func (b *Breached) lineAt(at int64) (hash string, next int64, err error) {
	from := max(0, at-1) // a line begins after a line end, so the byte before counts
	buffer := make([]byte, 2*breachedLine)
	n, err := b.file.ReadAt(buffer, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", 0, fmt.Errorf("read list: %w", err)
	}
	text := buffer[:n]
	if at > 0 {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			return "", b.size, nil
		}
		text, from = text[end+1:], from+int64(end)+1
	}
	line, _, _ := bytes.Cut(text, []byte{'\n'})
	if len(bytes.TrimSpace(line)) == 0 {
		return "", b.size, nil
	}
	digits, _, colon := bytes.Cut(line, []byte{':'})
	if raw, err := hex.DecodeString(string(digits)); err != nil || len(raw) != sha1.Size || !colon {
		return "", 0, errors.New("must be lines of HASH:COUNT in the order of the hashes")
	}
	return string(bytes.ToUpper(digits)), from + int64(len(line)) + 1, nil
}
