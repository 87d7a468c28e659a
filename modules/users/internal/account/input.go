package account

import (
	"strings"

	"app/platform/emailaddr"
	"app/platform/fault"
	"app/platform/text"
)

// Bounds of what people type.
const (
	MaxAddress = emailaddr.MaxBytes
	maxName    = 100 // characters
)

// Address is an e-mail address and the form by which two spellings are the same.
type Address struct{ Typed, Key string }

// ParseAddress reads an e-mail address by the rule of the house. Error: what is wrong,
// to follow the name of a field.
func ParseAddress(text string) (Address, error) {
	a, err := emailaddr.Typed(text)
	if err != nil {
		return Address{}, err //nolint:wrapcheck // people read it
	}
	return Address{Typed: a.String(), Key: a.Key()}, nil
}

// ErrEmail says at /email what is wrong with an address.
func ErrEmail(err error) error {
	return fault.Invalid(fault.Field{Pointer: "/email", Detail: err.Error()})
}

// CleanName reads the name of a person or of a thing of theirs, and complains in words.
// An e-mail greets with it, so it must not look like an address or a tag: a
// registration could otherwise send a stranger a text of one's own.
func CleanName(given string) (name, complaint string) {
	name, err := text.Line(given, 0, maxName)
	switch {
	case err != nil:
		return "", err.Error()
	case strings.ContainsAny(name, `<>@/\:`):
		return "", `must not contain any of <>@/\:`
	}
	return name, ""
}

// Person is a checked registration.
type Person struct {
	Address                         Address
	FirstName, MiddleName, LastName string
}

// CheckPerson checks address and names and collects every complaint.
func CheckPerson(email, first, middle, last string) (p Person, wrong []fault.Field) {
	var err error
	if p.Address, err = ParseAddress(email); err != nil {
		wrong = append(wrong, fault.Field{Pointer: "/email", Detail: err.Error()})
	}
	for _, n := range []struct {
		pointer, text string
		into          *string
		needed        bool
	}{{"/first_name", first, &p.FirstName, true}, {"/middle_name", middle, &p.MiddleName, false}, {"/last_name", last, &p.LastName, true}} {
		wrong = append(wrong, takeName(n.pointer, n.text, n.into, n.needed)...)
	}
	return p, wrong
}

func takeName(pointer, text string, into *string, needed bool) []fault.Field {
	name, complaint := CleanName(text)
	if complaint == "" && name == "" && needed {
		complaint = "must not be empty"
	}
	if complaint != "" {
		return []fault.Field{{Pointer: pointer, Detail: complaint}}
	}
	*into = name
	return nil
}

// CheckPassword complains about a new password. When the list of breached ones cannot
// be read, no password is set.
func (s *Service) CheckPassword(password, email string) []fault.Field {
	complaint, err := s.policy.Weakness(password, email)
	if err != nil {
		s.logger.Error("list of breached passwords cannot be read", "error", err.Error())
		complaint = "cannot be checked at the moment: try again later"
	}
	if complaint != "" {
		return []fault.Field{{Pointer: "/password", Detail: complaint}}
	}
	return nil
}
