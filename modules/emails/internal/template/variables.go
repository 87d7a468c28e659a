package template

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"app/platform/text"
)

// Kind says what a variable holds and how it is shown.
type Kind string

// The kinds. Numbers are taken wherever text is.
const (
	Text       Kind = "text"       // one line of at most 300 characters
	Name       Kind = "name"       // of a person; left out when it looks like an advertisement
	Amount     Kind = "amount"     // money as money.Money.String writes it, "19.90 EUR"
	Phrase     Kind = "phrase"     // a token of phrases.json in the reader's language; other text is shown as it is
	Paragraphs Kind = "paragraphs" // several lines of together at most 5,000 characters
	Link       Kind = "link"       // an http: or https: address of at most 1,000 characters
	Flag       Kind = "flag"       // true or false
	List       Kind = "list"       // of at most 200 entries, each with Fields
)

// Variable is one thing that a template needs.
type Variable struct {
	Name   string
	Kind   Kind
	Fields []Variable // of each entry of a List
	// Optional ones may be missing; they are empty then.
	Optional bool
}

// Flaw is something that keeps data from filling a template.
type Flaw struct {
	Pointer string // where in the data, a JSON pointer such as "/lines/0/title"
	Detail  string
}

// FlawsError is all that is wrong.
type FlawsError []Flaw

// Error implements error.
func (f FlawsError) Error() string {
	parts := make([]string, len(f))
	for i, flaw := range f {
		parts[i] = flaw.Pointer + " " + flaw.Detail
	}
	return strings.Join(parts, "; ")
}

// Bounds of what data may hold, in characters and entries.
const (
	maxSubject    = 200
	maxLink       = len("https://") + 1000
	maxName       = 60
	maxText       = 300
	maxParagraphs = 5000
	maxEntries    = 200
)

// Check lists what the data lacks and what is of the wrong kind. What the template does
// not know is ignored.
func (t Template) Check(data map[string]any) FlawsError { return checkVariables(t.Variables, data, "") }

func checkVariables(variables []Variable, data map[string]any, at string) (flaws FlawsError) {
	for _, v := range variables {
		pointer := at + "/" + v.Name
		value, ok := data[v.Name]
		switch {
		case !ok && v.Optional:
		case !ok:
			flaws = append(flaws, Flaw{pointer, "the template needs it"})
		case v.Kind == List:
			flaws = append(flaws, checkList(v, value, pointer)...)
		case v.Kind == Flag:
			if _, ok := value.(bool); !ok {
				flaws = append(flaws, Flaw{pointer, "expected true or false"})
			}
		default:
			if detail := invalidValueReason(v.Kind, value); detail != "" {
				flaws = append(flaws, Flaw{pointer, detail})
			}
		}
	}
	return flaws
}

func invalidValueReason(kind Kind, value any) string {
	text, ok := scalarText(value)
	switch {
	case !ok:
		return "expected text or a number"
	case kind == Link && text != "" && (len(text) > maxLink || !address.MatchString(text)):
		return "expected an http: or https: address"
	case kind == Paragraphs && utf8.RuneCountInString(text) > maxParagraphs:
		return fmt.Sprintf("expected at most %d characters", maxParagraphs)
	}
	return ""
}

func checkList(v Variable, value any, at string) (flaws FlawsError) {
	list, ok := asListEntries(value)
	if !ok || len(list) > maxEntries {
		return FlawsError{{at, fmt.Sprintf("expected a list of at most %d objects", maxEntries)}}
	}
	for i, entry := range list {
		flaws = append(flaws, checkVariables(v.Fields, entry, at+"/"+strconv.Itoa(i))...)
	}
	return flaws
}

// asListEntries reads a list as a program or as JSON has it.
func asListEntries(value any) ([]map[string]any, bool) {
	if list, ok := value.([]map[string]any); ok {
		return list, true
	}
	list, ok := value.([]any)
	if !ok {
		return nil, false
	}
	out := make([]map[string]any, len(list))
	for i, entry := range list {
		if out[i], ok = entry.(map[string]any); !ok {
			return nil, false
		}
	}
	return out, true
}

// scalarText writes a text or a number.
func scalarText(value any) (string, bool) {
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.String:
		return v.String(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), true
	case reflect.Float64:
		f := v.Float()
		return strconv.FormatFloat(f, 'f', -1, 64), !math.IsNaN(f) && math.Abs(f) < 1e15
	default:
		return "", false
	}
}

// localiseData makes of checked data what the templates are filled with.
func localiseData(variables []Variable, data map[string]any, locale string, p phrases) map[string]any {
	out := make(map[string]any, len(variables)+1)
	for _, v := range variables {
		switch v.Kind {
		case Flag:
			out[v.Name] = data[v.Name]
		case List:
			list, _ := asListEntries(data[v.Name])
			shown := make([]map[string]any, len(list))
			for i, entry := range list {
				shown[i] = localiseData(v.Fields, entry, locale, p)
			}
			out[v.Name] = shown
		default:
			s, _ := scalarText(data[v.Name])
			out[v.Name] = formatVariable(v, s, locale, p)
		}
	}
	return out
}

// formatVariable writes a value the way its kind is shown. Whatever it says, no mail
// client makes a link of it, but of a Link: strangers choose most values, and those
// that the shop chooses lose nothing.
func formatVariable(v Variable, s, locale string, p phrases) string {
	switch v.Kind {
	case Name:
		return preventAutoLinks(sanitisePersonName(s))
	case Amount:
		return preventAutoLinks(localiseAmount(singleLine(s, maxText), locale))
	case Phrase:
		return preventAutoLinks(singleLine(p.phraseFor(v.Name, s), maxText))
	case Paragraphs:
		return preventAutoLinks(cleanParagraphs(s))
	case Link:
		return s
	default:
		return preventAutoLinks(singleLine(s, maxText))
	}
}

// singleLine makes one line out of any text, of what the house takes as text, so that
// no header can be smuggled in behind a subject and no paragraph into an e-mail.
func singleLine(s string, limit int) string {
	s = strings.Join(strings.Fields(text.Shown(s, false)), " ")
	if runes := []rune(s); len(runes) > limit {
		s = string(runes[:limit-1]) + "…"
	}
	return s
}

// cleanParagraphs keeps line ends and nothing else that cannot be seen.
func cleanParagraphs(s string) string {
	lines := strings.Split(text.Shown(s, true), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(strings.ReplaceAll(l, "\t", " "))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// address is what a link may look like: printable ASCII, nothing that has to be quoted.
var address = regexp.MustCompile(`^https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+$`)

// advertisement is what people put into a name to have a shop's e-mails advertise for
// them.
var advertisement = regexp.MustCompile(`(?i)[/:@]|www\.|\p{L}\.\p{L}{2,}`)

// sanitisePersonName leaves out what is no name: whoever registers chooses it, and the
// e-mail goes to whomever they please.
func sanitisePersonName(s string) string {
	s = singleLine(s, maxName)
	if advertisement.MatchString(s) {
		return ""
	}
	return s
}
