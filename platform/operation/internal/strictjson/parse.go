// Package strictjson reads JSON as strictly as I-JSON (RFC 7493) asks for: well-formed
// UTF-8, each name once in an object, no more than Depth levels, nothing after the
// text. What it refuses it can point at.
package strictjson

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Depth is how many arrays and objects may nest.
const Depth = 64

// Error tells what is wrong and where. Pointer is a JSON pointer (RFC 6901) to the
// innermost value that contains the place; Offset counts bytes from the start.
type Error struct {
	Pointer string
	Offset  int
	Reason  string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%s at byte %d", e.Reason, e.Offset) }

// Parse reads one JSON text into nil, bool, float64, string, []any and map[string]any.
// A number that no float64 can hold stays a json.Number. Names are protected as Pointer
// expects them. Every error is an *Error.
func Parse(data []byte) (any, error) {
	p := parser{data: data}
	v, err := p.parseText()
	if err != nil {
		return nil, err
	}
	return v, nil
}

// PointerAt finds the JSON pointer of the innermost value that ends at or contains the
// offset; empty when the data is not JSON or nothing is there.
func PointerAt(data []byte, offset int) string {
	p := parser{data: data, target: offset}
	if _, err := p.parseText(); err != nil {
		return ""
	}
	return p.found
}

type parser struct {
	data  []byte
	at    int
	depth int

	target int    // looked for by PointerAt, 0 otherwise
	hit    bool   // the value with the target was read
	found  string // its pointer so far
}

func (p *parser) parseText() (any, *Error) {
	if !utf8.Valid(p.data) {
		return nil, &Error{Reason: "text is not UTF-8", Offset: invalidAt(p.data)}
	}
	v, err := p.parseValue()
	if err != nil {
		return nil, err
	}
	p.skipSpace()
	if p.at < len(p.data) {
		return nil, p.syntaxError("unexpected text after the JSON value")
	}
	return v, nil
}

func invalidAt(data []byte) (at int) {
	for at < len(data) {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n <= 1 {
			break
		}
		at += n
	}
	return at
}

func (p *parser) syntaxError(reason string) *Error { return &Error{Offset: p.at, Reason: reason} }

func (p *parser) skipSpace() {
	for p.at < len(p.data) {
		switch p.data[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// peekToken skips white space and shows the next byte, 0 at the end.
func (p *parser) peekToken() byte {
	p.skipSpace()
	if p.at == len(p.data) {
		return 0
	}
	return p.data[p.at]
}

func (p *parser) parseValue() (v any, err *Error) {
	next := p.peekToken()
	start := p.at
	switch next {
	case 0:
		return nil, p.syntaxError("unexpected end")
	case '{':
		v, err = p.parseNested(p.parseObject)
	case '[':
		v, err = p.parseNested(p.parseArray)
	case '"':
		v, err = p.parseString()
	case 't':
		v, err = true, p.expectWord("true")
	case 'f':
		v, err = false, p.expectWord("false")
	case 'n':
		v, err = nil, p.expectWord("null")
	default:
		v, err = p.parseNumber()
	}
	if err == nil && p.target > start && p.target <= p.at && !p.hit {
		p.hit = true
	}
	return v, err
}

func (p *parser) parseNested(read func() (any, *Error)) (any, *Error) {
	if p.depth++; p.depth > Depth {
		return nil, p.syntaxError("nested too deeply")
	}
	p.at++
	v, err := read()
	p.depth--
	return v, err
}

func (p *parser) expectWord(w string) *Error {
	if len(p.data)-p.at < len(w) || string(p.data[p.at:p.at+len(w)]) != w {
		return p.syntaxError("expected a value")
	}
	p.at += len(w)
	return nil
}

func (p *parser) parseArray() (any, *Error) {
	list := []any{}
	if p.peekToken() == ']' {
		p.at++
		return list, nil
	}
	for {
		before := p.hit
		v, err := p.parseValue()
		p.prependStep(err, before, strconv.Itoa(len(list)))
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		more, err := p.readSeparator(']')
		if err != nil || !more {
			return list, err
		}
	}
}

func (p *parser) parseObject() (any, *Error) {
	members := map[string]any{}
	if p.peekToken() == '}' {
		p.at++
		return members, nil
	}
	for {
		name, err := p.parseName()
		if err != nil {
			return nil, err
		}
		key := Protect(name)
		if _, twice := members[key]; twice {
			err = p.syntaxError("name is given twice")
			p.prependStep(err, p.hit, name)
			return nil, err
		}
		before := p.hit
		v, err := p.parseValue()
		p.prependStep(err, before, name)
		if err != nil {
			return nil, err
		}
		members[key] = v
		more, err := p.readSeparator('}')
		if err != nil || !more {
			return members, err
		}
	}
}

func (p *parser) parseName() (string, *Error) {
	if p.peekToken() != '"' {
		return "", p.syntaxError("expected a name in quotes")
	}
	name, err := p.parseString()
	if err != nil {
		return "", err
	}
	if p.peekToken() != ':' {
		return "", p.syntaxError("expected a colon")
	}
	p.at++
	return name, nil
}

// readSeparator reads what follows an element: a comma, or the end.
func (p *parser) readSeparator(end byte) (bool, *Error) {
	switch p.peekToken() {
	case ',':
		p.at++
		return true, nil
	case end:
		p.at++
		return false, nil
	case 0:
		return false, p.syntaxError("unexpected end")
	}
	return false, p.syntaxError("expected a comma")
}

// prependStep puts the step in front of the pointer of an error, or of a target found
// below it.
func (p *parser) prependStep(err *Error, before bool, step string) {
	if err != nil {
		err.Pointer = "/" + escapeStep(step) + err.Pointer
	}
	if p.hit && !before {
		p.found = "/" + escapeStep(step) + p.found
		// Steps further out must still be put in front, by callers whose before is
		// false too.
	}
}
