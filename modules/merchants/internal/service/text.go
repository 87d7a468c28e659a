package service

import (
	"app/platform/fault"
	"app/platform/text"
)

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
