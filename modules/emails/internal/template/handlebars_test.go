package template_test

import (
	"fmt"
	"html"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/internal/template"
)

// What SES renders from the stored template is what is rendered here.
func TestHandlebarsRenderTheSame(t *testing.T) {
	t.Parallel()
	set := parse(t)
	for _, locale := range set.Locales() {
		for _, tmpl := range set.All() {
			t.Run(locale+"/"+tmpl.Name, func(t *testing.T) {
				t.Parallel()
				stored, err := tmpl.Handlebars(locale)
				if err != nil {
					t.Fatal(err)
				}
				want, err := tmpl.Render(locale, template.Sample)
				if err != nil {
					t.Fatal(err)
				}
				fill := func(source string) string {
					f := filler{t: t, rest: source}
					return f.run(want.Data, true)
				}
				if diff := cmp.Diff(want.Subject, fill(stored.Subject)); diff != "" {
					t.Errorf("subject (-local +stored)\n%s", diff)
				}
				if diff := cmp.Diff(want.Text, fill(stored.Text)+"\n"); diff != "" {
					t.Errorf("text (-local +stored)\n%s", diff)
				}
				if diff := cmp.Diff(html.UnescapeString(strings.TrimSpace(want.HTML)), html.UnescapeString(fill(stored.HTML))); diff != "" {
					t.Errorf("HTML (-local +stored)\n%s", diff)
				}
			})
		}
	}
}

// filler fills a template in the part of Handlebars that SES documents and the
// templates use.
type filler struct {
	t    *testing.T
	rest string
	end  string // the tag at which run stopped
}

// run fills up to the end, or to the end of the block it begins in. What is not live is
// passed over.
func (f *filler) run(data map[string]any, live bool) (out string) {
	for {
		text, after, found := strings.Cut(f.rest, "{{")
		if live {
			out += text
		}
		if f.end, f.rest = "", after; !found {
			return out
		}
		tag, after, _ := strings.Cut(after, "}}")
		raw := strings.HasPrefix(tag, "{")
		f.rest = after
		if raw {
			tag, f.rest = tag[1:], strings.TrimPrefix(after, "}")
		}
		kind, name, _ := strings.Cut(tag, " ")
		switch {
		case strings.HasPrefix(tag, "/") || tag == "else":
			f.end = tag
			return out
		case strings.HasPrefix(kind, "#"):
			out += f.block(data, data[name], live)
		case live:
			out += f.value(data, tag, raw)
		}
	}
}

func (f *filler) value(data map[string]any, name string, raw bool) string {
	value, ok := data[name]
	if !ok {
		f.t.Errorf("no %q in %v", name, data)
	}
	if raw {
		return fmt.Sprint(value)
	}
	return html.EscapeString(fmt.Sprint(value))
}

// block fills a condition or a list, with what it has for else.
func (f *filler) block(data map[string]any, value any, live bool) (out string) {
	var contexts []map[string]any
	if list, ok := value.([]map[string]any); ok {
		contexts = list
	} else if value != false && value != "" {
		contexts = append(contexts, data)
	}
	begin := f.rest
	for _, c := range contexts {
		f.rest = begin
		out += f.run(c, live)
	}
	if len(contexts) == 0 {
		f.run(data, false)
	}
	if f.end == "else" {
		out += f.run(data, live && len(contexts) == 0)
	}
	return out
}
