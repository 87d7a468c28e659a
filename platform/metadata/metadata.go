// Package metadata is what clients attach to things for programs of their own: the
// number of a record in another system, a label, a note. The house keeps it, shows it
// and never decides by it.
//
// The bounds and the way in which a change merges are those of Stripe's API
// (https://docs.stripe.com/metadata), which integrators know.
package metadata

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"app/platform/fault"
	"app/platform/text"
)

// Bounds of what one thing may carry; lengths are in characters (code points).
const (
	MaxKeys  = 50
	MaxKey   = 40
	MaxValue = 500
	// MaxChanges bounds the keys of one change: enough to replace all by others.
	MaxChanges = 2 * MaxKeys
)

// Metadata is the texts that are attached to a thing, by key; nil when there are none.
// It is never changed in place, so it may be shared.
type Metadata map[string]string //nolint:recvcheck // a Valuer is a value, a Scanner is a pointer

// Change is what to do with Metadata, by key: a text replaces what the key had, null or
// an empty text takes the key away, and keys that are not named stay.
type Change map[string]*string

// Normalise is the change in the form to keep, or what is wrong with it: keys are a
// text.Line without spaces around it, values a text.Block. pointer is where the client
// sent it, such as "/metadata"; each bad key is named below it. The change itself stays
// as it is.
func (c Change) Normalise(pointer string) (kept Change, wrong []fault.Field) {
	if len(c) > MaxChanges {
		return nil, []fault.Field{{Pointer: pointer, Detail: fmt.Sprintf("must name at most %d keys", MaxChanges)}}
	}
	if c == nil {
		return nil, nil
	}
	kept = make(Change, len(c))
	for _, key := range slices.Sorted(maps.Keys(c)) {
		value, err := normaliseEntry(key, c[key])
		if err != nil {
			wrong = append(wrong, fault.Field{Pointer: pointer + "/" + escapeKey(key), Detail: err.Error()})
			continue
		}
		kept[key] = value
	}
	return kept, wrong
}

// normaliseEntry is the value to keep of a key, nil for a key that is to go.
func normaliseEntry(key string, value *string) (*string, error) {
	line, err := text.Line(key, 1, MaxKey)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the key %w", err)
	case line != key: // two keys could become one
		return nil, errors.New("the key has spaces around it, or spaces of unusual width")
	case value == nil:
		return nil, nil
	}
	kept, err := text.Block(*value, 0, MaxValue)
	if err != nil || kept == "" {
		return nil, err
	}
	return &kept, nil
}

// escapeKey is the key as a step of a JSON pointer (RFC 6901 section 3). A key far over
// the bound is cut: a problem does not send back all that it was sent.
func escapeKey(key string) string {
	if utf8.RuneCountInString(key) > MaxKey {
		key = string([]rune(key)[:MaxKey])
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// Merge is the metadata after a normalised change. Both stay as they are.
func (m Metadata) Merge(c Change) Metadata {
	if len(c) == 0 {
		return m
	}
	merged := make(Metadata, len(m)+len(c))
	maps.Copy(merged, m)
	for key, value := range c {
		if value == nil || *value == "" {
			delete(merged, key)
		} else {
			merged[key] = *value
		}
	}
	if len(merged) == 0 {
		return nil
	}
	return merged
}

// Validate lists what is wrong with the metadata as a whole: a change may be good and
// still leave too many keys.
func (m Metadata) Validate(pointer string) []fault.Field {
	if len(m) > MaxKeys {
		return []fault.Field{{Pointer: pointer, Detail: "must have at most " + strconv.Itoa(MaxKeys) + " keys"}}
	}
	return nil
}

// none is what a client reads of a thing without metadata.
var none = Metadata{}

// Shown is the metadata for a reply: an object, which is empty when there is none.
func (m Metadata) Shown() Metadata {
	if m == nil {
		return none
	}
	return m
}
