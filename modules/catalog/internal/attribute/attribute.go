// Package attribute is what a product can be said to be: declared facts such as a
// material or a width, and what products have for them. Administrators declare those of
// the shop, managers those of their merchant, anyone reads them.
package attribute

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"app/platform/fault"
	"app/platform/ids"
	"app/platform/text"
)

// Bounds of attributes. The lengths are in characters.
const (
	MaxName    = 200
	MaxUnit    = 16
	MaxChoice  = 64
	MaxChoices = 100
	// MaxPerOwner is how many attributes the shop, or a merchant, declares.
	MaxPerOwner = 200
)

// Kind is what the values of an attribute are.
type Kind string

// The kinds. A choice is one of a closed list of texts.
const (
	KindText   Kind = "text"
	KindNumber Kind = "number"
	KindBool   Kind = "bool"
	KindChoice Kind = "choice"
)

// Attribute is a declared fact about products.
type Attribute struct {
	ID string
	// MerchantID is empty for an attribute of the shop, which all merchants use.
	MerchantID string
	// Code is what values are given under, unique among those of the merchant, or of the
	// shop. It never changes, nor does Kind.
	Code string
	Name string
	Kind Kind
	// Choices are the values that there are, of the kind choice only.
	Choices []string
	// Unit is that of numbers, and may be empty.
	Unit string
	// Filterable says that shoppers may want to filter by it.
	Filterable bool
	// Version counts the changes, from 1.
	Version   int64
	CreatedAt time.Time
}

// Draft is an attribute to be.
type Draft struct {
	MerchantID, Code, Name string
	Kind                   Kind
	Choices                []string
	Unit                   string
	Filterable             bool
}

// Change holds the new values of an attribute; nil leaves a value as it is.
type Change struct {
	Name       *string
	Choices    *[]string
	Unit       *string
	Filterable *bool
}

// toAttribute makes the attribute with the id, or says what is wrong with the draft.
func (d Draft) toAttribute(id string, now time.Time) (Attribute, error) {
	a := Attribute{
		ID: id, MerchantID: d.MerchantID, Code: d.Code, Name: d.Name, Kind: d.Kind, Choices: slices.Clone(d.Choices), Unit: d.Unit,
		Filterable: d.Filterable, Version: 1, CreatedAt: now.UTC().Truncate(time.Microsecond),
	}
	wrong := normaliseAttribute(&a)
	if a.MerchantID != "" && !ids.Valid("mrc", a.MerchantID) {
		wrong = append(wrong, fault.Field{Pointer: "/merchant_id", Detail: "is not the id of a merchant"})
	}
	if len(wrong) > 0 {
		return Attribute{}, fault.Invalid(wrong...)
	}
	return a, nil
}

// applyTo is an attribute after the change, or what is wrong with it.
func (c Change) applyTo(to Attribute) (Attribute, error) {
	if c.Name != nil {
		to.Name = *c.Name
	}
	if c.Choices != nil {
		to.Choices = slices.Clone(*c.Choices)
	}
	if c.Unit != nil {
		to.Unit = *c.Unit
	}
	if c.Filterable != nil {
		to.Filterable = *c.Filterable
	}
	if wrong := normaliseAttribute(&to); len(wrong) > 0 {
		return Attribute{}, fault.Invalid(wrong...)
	}
	return to, nil
}

var codeShape = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// normaliseAttribute puts the texts in the form to keep and lists what is wrong.
func normaliseAttribute(a *Attribute) (wrong []fault.Field) {
	if !codeShape.MatchString(a.Code) {
		wrong = append(wrong, fault.Field{
			Pointer: "/code", Detail: "must be 1 to 40 lower-case letters, digits and underscores, a letter first",
		})
	}
	wrong = append(wrong, normaliseLine("/name", &a.Name, 1, MaxName)...)
	switch a.Kind {
	case KindText, KindNumber, KindBool, KindChoice:
	default:
		wrong = append(wrong, fault.Field{Pointer: "/kind", Detail: "must be text, number, bool or choice"})
	}
	wrong = append(wrong, normaliseLine("/unit", &a.Unit, 0, MaxUnit)...)
	if a.Unit != "" && a.Kind != KindNumber {
		wrong = append(wrong, fault.Field{Pointer: "/unit", Detail: "is for attributes of the kind number"})
	}
	return append(wrong, normaliseChoices(a)...)
}

// normaliseChoices does the same for the choices: some for the kind choice, none for
// others.
func normaliseChoices(a *Attribute) (wrong []fault.Field) {
	switch {
	case a.Kind != KindChoice && len(a.Choices) > 0:
		return []fault.Field{{Pointer: "/choices", Detail: "are for attributes of the kind choice"}}
	case a.Kind == KindChoice && (len(a.Choices) == 0 || len(a.Choices) > MaxChoices):
		return []fault.Field{{Pointer: "/choices", Detail: fmt.Sprintf("must be 1 to %d", MaxChoices)}}
	}
	for i := range a.Choices {
		pointer := fmt.Sprintf("/choices/%d", i)
		if bad := normaliseLine(pointer, &a.Choices[i], 1, MaxChoice); len(bad) > 0 {
			wrong = append(wrong, bad...)
		} else if slices.Contains(a.Choices[:i], a.Choices[i]) {
			wrong = append(wrong, fault.Field{Pointer: pointer, Detail: "is given twice"})
		}
	}
	return wrong
}

func normaliseLine(pointer string, s *string, least, most int) []fault.Field {
	kept, err := text.Line(*s, least, most)
	if err != nil {
		return []fault.Field{{Pointer: pointer, Detail: err.Error()}}
	}
	*s = kept
	return nil
}

// removedChoices are the choices of before that after does without.
func removedChoices(before, after Attribute) (out []string) {
	for _, choice := range before.Choices {
		if !slices.Contains(after.Choices, choice) {
			out = append(out, choice)
		}
	}
	return out
}

// joinChoices is the choices in one column: none of them has a line break.
func joinChoices(choices []string) string { return strings.Join(choices, "\n") }

func splitChoices(column string) []string {
	if column == "" {
		return nil
	}
	return strings.Split(column, "\n")
}
