package markup

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// page is the place in an HTML page: between tags, in the text of an element that has
// no tags within (a title), or in the quoted value of an attribute. Templates do
// nothing anywhere else. Scripts are refused, and comments: {{/* */}} is one that does
// not leave.
type page struct {
	element   string // whose text this is, when it has no tags; empty otherwise
	quote     byte   // of the value; 0 outside
	attribute string // whose value it is
	begun     bool   // the value has begun
}

// plain are the attributes whose values are only shown or sent, whatever they hold. The
// document of srcdoc is one of its own.
var plain = map[string]bool{
	"alt": true, "aria-label": true, "autocomplete": true, "id": true, "name": true, "placeholder": true, "srcdoc": true, "title": true,
	"type": true, "value": true,
}

// addresses are the attributes that lead somewhere.
var addresses = map[string]bool{"action": true, "href": true}

func (p *page) between() bool { return p.quote == 0 && p.element == "" }

func (p *page) mark() any { return *p }

func (p *page) field() (func(string) string, error) {
	switch {
	case p.element == "style":
		return nil, errors.New("a style takes no field")
	case p.quote == 0, plain[p.attribute]:
		return escapeHTML, nil
	case addresses[p.attribute] && !p.begun:
		p.begun = true
		return func(s string) string { return escapeHTML(safeURL(s)) }, nil
	case addresses[p.attribute]:
		return nil, errors.New("an address is one field, and text after it")
	}
	return nil, fmt.Errorf("the attribute %q takes no field", p.attribute)
}

func (p *page) text(s string) (err error) {
	for s != "" && err == nil {
		switch {
		case p.quote != 0:
			p.begun = true
			end := strings.IndexByte(s, p.quote)
			if end < 0 {
				return nil
			}
			*p = page{}
			s, err = p.skipAttributes(s[end+1:])
		case p.element != "":
			begin := strings.IndexByte(s, '<')
			if begin < 0 {
				return nil
			}
			s, err = p.skipEndTag(s[begin:])
		default:
			begin := strings.IndexByte(s, '<')
			if begin < 0 {
				return nil
			}
			s, err = p.skipTag(s[begin+1:])
		}
	}
	return err
}

// skipEndTag passes over the tag that ends an element whose text has no tags.
func (p *page) skipEndTag(s string) (rest string, err error) {
	rest, ok := strings.CutPrefix(s, "</"+p.element+">")
	if !ok {
		return "", fmt.Errorf("<%s> ends with </%s>, and has no < before", p.element, p.element)
	}
	p.element = ""
	return rest, nil
}

// skipTag passes over what began with "<", up to a place where a field may be.
func (p *page) skipTag(s string) (rest string, err error) {
	tag := opening.FindStringSubmatch(s)
	if tag == nil {
		return "", fmt.Errorf("<%.20s is no tag; its name takes no field, and text no <", s)
	}
	s = s[len(tag[0])-1:] // from what ends the name
	switch name := strings.ToLower(tag[1]); name {
	case "title", "textarea", "style":
		p.element = name
		if s[0] != '>' {
			return "", fmt.Errorf("<%s> has no attributes here", name)
		}
		return s[1:], nil
	case "script", "xmp", "noembed", "noframes", "noscript", "plaintext", "svg", "math":
		return "", fmt.Errorf("<%s> has rules of its own", name)
	}
	return p.skipAttributes(s)
}

// opening is a tag up to the first character after its name.
var opening = regexp.MustCompile(`^(?:(!(?i:doctype)|[A-Za-z][A-Za-z0-9]*)[ \t\r\n/>]|/[A-Za-z][A-Za-z0-9]*>)`)

// skipAttributes passes over attributes, up to the end of the tag or into a value.
func (p *page) skipAttributes(s string) (rest string, err error) {
	for {
		end := strings.IndexAny(s, " \t\r\n/>=\"'`<")
		if end < 0 {
			return "", errors.New("a tag takes fields in quoted values only")
		}
		name, c := s[:end], s[end]
		s = s[end+1:]
		switch {
		case c == '>':
			return s, nil
		case c == '=' && name != "" && s != "" && (s[0] == '"' || s[0] == '\''):
			p.attribute, p.quote, p.begun = strings.ToLower(name), s[0], false
			return s[1:], nil
		case c == '=' || c == '"' || c == '\'' || c == '`' || c == '<':
			return "", fmt.Errorf("the value of %q is not in quotes", name)
		}
	}
}
