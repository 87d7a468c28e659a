package service

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"app/platform/fault"
)

// Bounds of what people type.
const (
	maxAddress = 254 // RFC 5321 section 4.5.3.1.3, without the angle brackets
	maxLocal   = 64
	maxName    = 100 // characters
)

// address is an e-mail address and the form by which two spellings are the same.
type address struct{ typed, key string }

// parseAddress reads an e-mail address: ASCII, no quoted local part, a domain of at least two labels. That is narrower than
// RFC 5321, as what others would accept cannot be told apart by eye or reached by most mail servers. Case is kept and means nothing.
func parseAddress(text string) (address, bool) {
	text = strings.TrimSpace(text)
	local, domain, ok := strings.Cut(text, "@")
	if !ok || len(text) > maxAddress || len(local) > maxLocal || !dotted(local, localLetter) || !dotted(domain, domainLetter) {
		return address{}, false
	}
	if !strings.Contains(domain, ".") || strings.Contains(domain, "-.") || strings.Contains(domain, ".-") || domain[0] == '-' || domain[len(domain)-1] == '-' {
		return address{}, false
	}
	return address{typed: text, key: strings.ToLower(text)}, true
}

// dotted tells whether s consists of non-empty parts of the given letters with dots between.
func dotted(s string, letter func(c byte) bool) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || len(part) > 64 {
			return false
		}
		for i := range len(part) {
			if !letter(part[i]) {
				return false
			}
		}
	}
	return true
}

func domainLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
}

func localLetter(c byte) bool {
	return domainLetter(c) || strings.IndexByte("!#$%&'*+/=?^_`{|}~", c) >= 0
}

// names are trimmed. A letter greets with them, so they must not look like an address or a tag: a registration could
// otherwise send a stranger a text of one's own.
func cleanName(text string) (string, string) {
	name := strings.TrimSpace(text)
	switch {
	case !utf8.ValidString(name):
		return "", "is not text"
	case utf8.RuneCountInString(name) > maxName:
		return "", "must have at most 100 characters"
	case strings.ContainsAny(name, `<>@/\:`) || strings.ContainsFunc(name, unprintable):
		return "", `must not contain control characters or any of <>@/\:`
	}
	return name, ""
}

// unprintable finds control characters, line separators and the marks that turn text around.
func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// person is a checked registration.
type person struct {
	address                         address
	firstName, middleName, lastName string
}

// checkPerson checks address and names and collects every complaint.
func checkPerson(email, first, middle, last string) (p person, wrong []fault.Field) {
	var ok bool
	if p.address, ok = parseAddress(email); !ok {
		wrong = append(wrong, fault.Field{Pointer: "/email", Detail: "must be an e-mail address such as ada@example.com"})
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

// checkPassword complains about a new password. When the list of breached ones cannot be read, no password is set.
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
