package strictjson

import (
	"encoding/json"
	"strconv"
)

func (p *parser) parseString() (string, *Error) {
	start, escaped := p.at, false
	for i := p.at + 1; i < len(p.data); i++ {
		switch c := p.data[i]; {
		case c == '"':
			p.at = i + 1
			if !escaped {
				return string(p.data[start+1 : i]), nil
			}
			return p.unquoteString(start)
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			p.at = i
			return "", p.syntaxError("control character in a string")
		}
	}
	p.at = len(p.data)
	return "", p.syntaxError("string does not end")
}

func (p *parser) unquoteString(start int) (s string, _ *Error) {
	raw := p.data[start:p.at]
	if err := json.Unmarshal(raw, &s); err != nil {
		p.at = start
		return "", p.syntaxError("bad escape in a string")
	}
	return s, nil
}

// parseNumber accepts the grammar of RFC 8259 section 6 only.
func (p *parser) parseNumber() (any, *Error) {
	start := p.at
	if p.at < len(p.data) && p.data[p.at] == '-' {
		p.at++
	}
	leadingZero := p.at < len(p.data) && p.data[p.at] == '0'
	n := p.skipDigits()
	ok := n > 0 && (n == 1 || !leadingZero)
	if ok && p.at < len(p.data) && p.data[p.at] == '.' {
		p.at++
		ok = p.skipDigits() > 0
	}
	if ok && p.at < len(p.data) && (p.data[p.at] == 'e' || p.data[p.at] == 'E') {
		p.at++
		if p.at < len(p.data) && (p.data[p.at] == '+' || p.data[p.at] == '-') {
			p.at++
		}
		ok = p.skipDigits() > 0
	}
	if !ok {
		p.at = start
		return nil, p.syntaxError("expected a value")
	}
	text := string(p.data[start:p.at])
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return f, nil
	}
	return json.Number(text), nil // the grammar is right, so it is out of range
}

func (p *parser) skipDigits() (n int) {
	for p.at < len(p.data) && p.data[p.at] >= '0' && p.data[p.at] <= '9' {
		p.at++
		n++
	}
	return n
}
