// Package merchant is who sells: accounts that people open, which an administrator
// approves, and their profiles.
package merchant

import (
	"time"

	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
	"app/platform/slug"
	"app/platform/text"
)

// Status is whether a merchant may sell.
type Status string

// The statuses.
const (
	Pending  Status = "pending"
	Approved Status = "approved"
)

// Merchant is who sells.
type Merchant struct {
	ID          string
	Slug        string
	Name        string
	Description string
	Status      Status
	Version     int64
	CreatedAt   time.Time
	OpenedBy    string // the account that it counts for; empty when that is not known
}

// View is a merchant as the caller may see it.
type View struct {
	Merchant
	// Role is the caller's, ROLE_UNSPECIFIED for strangers.
	Role merchantsv1.Role
}

// hiddenFrom reports whether there is no such merchant for a caller: a pending one is
// there for its members and for administrators only.
func (v View) hiddenFrom(admin bool) bool {
	return v.Status == Pending && v.Role == merchantsv1.Role_ROLE_UNSPECIFIED && !admin
}

// Profile is what other modules may know of a merchant.
type Profile struct {
	Name    string
	Slug    string
	Status  Status
	OwnerID string // the owner of longest standing
}

// Draft is a merchant to be.
type Draft struct {
	Name        string
	Slug        string // made from the name when empty
	Description string
}

// normalizeAndValidate trims the draft, makes the slug that was not given, and lists
// what is wrong.
func (d *Draft) normalizeAndValidate() []fault.Field {
	wrong := append(cleanName(&d.Name), cleanDescription(&d.Description)...)
	if d.Slug == "" {
		d.Slug = slug.Of(d.Name, slugKind)
	}
	return append(wrong, slug.Validate("/slug", d.Slug)...)
}

// asMerchant is the merchant of the draft at its beginning.
func (d *Draft) asMerchant(id, ownerID string, status Status, now time.Time) Merchant {
	return Merchant{
		ID: id, Slug: d.Slug, Name: d.Name, Description: d.Description, Status: status, Version: 1,
		CreatedAt: now.Truncate(time.Microsecond), OpenedBy: ownerID,
	}
}

// Change is what a PATCH changes; nil leaves a field as it is.
type Change struct {
	Name        *string
	Description *string
	// Match checks the version the change is meant for.
	Match func(version int64) error
}

// applyTo changes the merchant and lists what is wrong with the change.
func (c Change) applyTo(m *Merchant) (wrong []fault.Field) {
	if c.Name != nil {
		m.Name = *c.Name
		wrong = cleanName(&m.Name)
	}
	if c.Description != nil {
		m.Description = *c.Description
		wrong = append(wrong, cleanDescription(&m.Description)...)
	}
	return wrong
}

// Bounds of a profile, in characters.
const (
	maxName        = 200
	maxDescription = 5_000
)

// cleanName puts the name, which goes into e-mails and their subjects, in the form to
// keep and complains about one that cannot.
func cleanName(name *string) []fault.Field {
	return normalizeField("/name", name, text.Line, 1, maxName)
}

func cleanDescription(description *string) []fault.Field {
	return normalizeField("/description", description, text.Block, 0, maxDescription)
}

// normalizeField replaces a text by its form to keep, or says what is wrong with it.
func normalizeField(pointer string, s *string, rule func(s string, least, most int) (string, error), least, most int) []fault.Field {
	kept, err := rule(*s, least, most)
	if err != nil {
		return []fault.Field{{Pointer: pointer, Detail: err.Error()}}
	}
	*s = kept
	return nil
}
