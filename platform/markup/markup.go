// Package markup fills texts and HTML pages from templates that are part of the
// program.
//
// A template is written in a small part of the language of text/template, whose parser
// reads it: {{.field}}, {{if .field}} and {{range .field}}, both with {{else}},
// {{define}}, and {{template "name" .}}. It is filled with what JSON objects hold.
//
// HTML is escaped for the place where a field stands, byte for byte as html/template
// does it; a template with a field in a place that is not known to be safe (a script, a
// style, the name of a tag, an attribute outside a short list) is refused when it is
// parsed.
//
// Why not html/template itself: its templates may call any method by name, so that the
// linker has to keep every exported method of every type that reflection can see, which
// was a fifth of the program.
package markup

import (
	"fmt"
	"strings"
)

// Source is the text of a template, and its name for Execute and for errors. What it
// defines has names of its own.
type Source struct{ Name, Text string }

// Set is templates that may use each other. Safe for concurrent use.
type Set struct{ byName map[string][]node }

// ParseText reads templates whose fields are written as they are.
func ParseText(sources ...Source) (*Set, error) {
	return parseSet(sources, func() place { return anywhere{} })
}

// ParseHTML reads templates whose fields are escaped. Each template begins and ends
// between tags.
func ParseHTML(sources ...Source) (*Set, error) {
	return parseSet(sources, func() place { return &page{} })
}

// Must is for templates that are variables of a package: it panics when there is an
// error.
func Must(s *Set, err error) *Set {
	if err != nil {
		panic(err)
	}
	return s
}

// Execute fills a template. Data may hold string, bool, nil, and []map[string]any for a
// range, in which the fields are the entry's. As a condition "", false, nil and an
// empty list are no. Errors: no such template, a field that the data lacks, or one of
// another type than the template wants.
func (s *Set) Execute(name string, data map[string]any) (string, error) {
	nodes, ok := s.byName[name]
	if !ok {
		return "", fmt.Errorf("no template %q", name)
	}
	var out strings.Builder
	if err := fillNodes(&out, nodes, data); err != nil {
		return "", fmt.Errorf("fill %s: %w", name, err)
	}
	return out.String(), nil
}

// node is a piece of a template: text, a field, or a block.
type node struct {
	text   string
	field  string              // empty for text
	escape func(string) string // of a field that is written
	block  block
	yes    []node
	no     []node // for {{else}}
}

type block int

const (
	none block = iota
	condition
	list
)

func fillNodes(out *strings.Builder, nodes []node, data map[string]any) error {
	for _, n := range nodes {
		if n.field == "" {
			out.WriteString(n.text)
			continue
		}
		value, ok := data[n.field]
		if !ok {
			return fmt.Errorf("there is no %s", n.field)
		}
		if err := n.fillBlock(out, value, data); err != nil {
			return err
		}
	}
	return nil
}

func (n node) fillBlock(out *strings.Builder, value any, data map[string]any) error {
	switch n.block {
	case condition:
		yes, err := isTruthy(value)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", n.field, err)
		case yes:
			return fillNodes(out, n.yes, data)
		}
		return fillNodes(out, n.no, data)
	case list:
		entries, ok := value.([]map[string]any)
		if !ok && value != nil {
			return fmt.Errorf("%s is %T, not a list", n.field, value)
		}
		for _, entry := range entries {
			if err := fillNodes(out, n.yes, entry); err != nil {
				return fmt.Errorf("%s: %w", n.field, err)
			}
		}
		if len(entries) == 0 {
			return fillNodes(out, n.no, data)
		}
		return nil
	}
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("%s is %T, not text", n.field, value)
	}
	out.WriteString(n.escape(text))
	return nil
}

func isTruthy(value any) (bool, error) {
	switch v := value.(type) {
	case nil:
		return false, nil
	case string:
		return v != "", nil
	case bool:
		return v, nil
	case []map[string]any:
		return len(v) > 0, nil
	}
	return false, fmt.Errorf("%T is no condition", value)
}
