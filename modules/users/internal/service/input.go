package service

import (
	"strings"

	"app/platform/emailaddr"
	"app/platform/fault"
	"app/platform/text"
)

// Bounds of what people type.
const (
	maxAddress = emailaddr.MaxBytes
	maxName    = 100 // characters
)

// address is an e-mail address and the form by which two spellings are the same.
type address struct{ typed, key string }

// parseAddress reads an e-mail address by the rule of the house. Error: what is wrong,
// to follow the name of a field.
func parseAddress(text string) (address, error) {
	a, err := emailaddr.Typed(text)
	if err != nil {
		return address{}, err //nolint:wrapcheck // people read it
	}
	return address{typed: a.String(), key: a.Key()}, nil
}

func errEmail(err error) error {
	return fault.Invalid(fault.Field{Pointer: "/email", Detail: err.Error()})
}

// cleanName reads the name of a person or of a thing of theirs, and complains in words.
// An e-mail greets with it, so it must not look like an address or a tag: a
// registration could otherwise send a stranger a text of one's own.
func cleanName(given string) (name, complaint string) {
	name, err := text.Line(given, 0, maxName)
	switch {
	case err != nil:
		return "", err.Error()
	case strings.ContainsAny(name, `<>@/\:`):
		return "", `must not contain any of <>@/\:`
	}
	return name, ""
}

// person is a checked registration.
type person struct {
	address                         address
	firstName, middleName, lastName string
}

// checkPerson checks address and names and collects every complaint.
func checkPerson(email, first, middle, last string) (p person, wrong []fault.Field) {
	var err error
	if p.address, err = parseAddress(email); err != nil {
		wrong = append(wrong, fault.Field{Pointer: "/email", Detail: err.Error()})
	}
	for _, n := range []struct {
		pointer, text string
		into          *string
		needed        bool
	}{{"/first_name", first, &p.firstName, true}, {"/middle_name", middle, &p.middleName, false}, {"/last_name", last, &p.lastName, true}} {
		wrong = append(wrong, takeName(n.pointer, n.text, n.into, n.needed)...)
	}
	return p, wrong
}

func takeName(pointer, text string, into *string, needed bool) []fault.Field {
	name, complaint := cleanName(text)
	if complaint == "" && name == "" && needed {
		complaint = "must not be empty"
	}
	if complaint != "" {
		return []fault.Field{{Pointer: pointer, Detail: complaint}}
	}
	*into = name
	return nil
}

// checkPassword complains about a new password. When the list of breached ones cannot
// be read, no password is set.
func (s *Service) checkPassword(password, email string) []fault.Field {
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
