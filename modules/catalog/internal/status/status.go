// Package status says who can see and buy a product: a draft is its merchant's own until
// it becomes active, by hand or by the clock, and what is archived stays so.
package status

import (
	"math"
	"time"

	"app/platform/fault"
)

// Status is who can see and buy a product.
type Status string

// The statuses.
const (
	// Draft is for the members of the merchant to see, and for nobody to buy.
	Draft    Status = "draft"
	Active   Status = "active"
	Archived Status = "archived"
)

// never is when a draft becomes active by itself that waits for somebody.
var never = time.UnixMicro(math.MaxInt64).UTC()

// At is the status at a time of what is not archived. It is decided when the product is
// read, so that a draft is published on time whatever else runs.
func At(publicFrom, now time.Time) Status {
	if publicFrom.After(now) {
		return Draft
	}
	return Active
}

// PublishAt is when a product becomes active by itself, or has become so; nil when it is
// not by itself.
func PublishAt(publicFrom time.Time) *time.Time {
	if publicFrom.IsZero() || publicFrom.Equal(never) {
		return nil
	}
	return &publicFrom
}

// PublicFrom is when a product becomes active that has a status, and the time that was
// sent with it; the zero time is always.
func PublicFrom(s Status, publishAt *time.Time) time.Time {
	switch {
	case publishAt != nil:
		return publishAt.UTC().Truncate(time.Microsecond)
	case s == Draft:
		return never
	}
	return time.Time{}
}

// Validate lists what is wrong with the status of a product and with the time that was
// sent for it. An empty status is the default.
func Validate(s Status, publishAt *time.Time) (wrong []fault.Field) {
	if s != "" && s != Draft && s != Active {
		wrong = append(wrong, fault.Field{Pointer: "/status", Detail: "must be draft or active"})
	}
	switch {
	case publishAt == nil:
	case s != Draft:
		wrong = append(wrong, fault.Field{Pointer: "/publish_at", Detail: "is for a draft: the status has to be draft"})
	case publishAt.Unix() <= 0:
		wrong = append(wrong, fault.Field{Pointer: "/publish_at", Detail: "must be after 1970"})
	}
	return wrong
}
