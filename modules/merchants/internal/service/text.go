package service

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"app/platform/fault"
)

// Bounds of a profile, in characters.
const (
	maxName        = 200
	maxDescription = 5_000
)

// cleanName trims the name, which goes into letters and their subjects, and complains about one that cannot.
func cleanName(name *string) []fault.Field {
	*name = strings.TrimSpace(*name)
	if *name == "" {
		return []fault.Field{{Pointer: "/name", Detail: "must not be empty"}}
	}
	return checkText("/name", *name, maxName, "")
}

// checkText complains about a text that is too long or has control characters other than the allowed ones.
func checkText(pointer, text string, most int, allowed string) []fault.Field {
	control := func(r rune) bool {
		return !strings.ContainsRune(allowed, r) && (unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp))
	}
	switch {
	case utf8.RuneCountInString(text) > most:
		return []fault.Field{{Pointer: pointer, Detail: "must have at most " + strconv.Itoa(most) + " characters"}}
	case !utf8.ValidString(text) || strings.ContainsFunc(text, control):
		return []fault.Field{{Pointer: pointer, Detail: "has characters that are not allowed"}}
	}
	return nil
}

func checkDescription(text string) []fault.Field {
	return checkText("/description", text, maxDescription, "\n\r\t")
}
