package attribute

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"app/platform/fault"
	"app/platform/text"
)

const (
	// MaxText is how long a value may be that is a text, in characters.
	MaxText = 500
	// MaxPerProduct is how many attributes one product has values for.
	MaxPerProduct = 50
	// Numbers are kept in millionths and have at most maxDigits digits before the point.
	decimals  = 6
	maxDigits = 12
)

// Value is what a product has for an attribute.
type Value struct {
	AttributeID string
	// Text is a text or a choice.
	Text string
	// Number is a number in millionths, or 1 for true.
	Number int64
	// JSON is the value as it is shown.
	JSON string
}

// parseValue reads a value that a client sent. The text of the error follows the name of
// a field.
func (a Attribute) parseValue(raw json.RawMessage) (Value, error) {
	v := Value{AttributeID: a.ID}
	var err error
	switch a.Kind {
	case KindNumber:
		v.Number, err = parseNumber(string(raw))
		v.JSON = formatNumber(v.Number)
	case KindBool:
		v.JSON = string(raw)
		if v.Number = 0; v.JSON == "true" {
			v.Number = 1
		} else if v.JSON != "false" {
			err = errors.New("must be true or false")
		}
	default:
		if v.Text, err = a.parseText(raw); err == nil {
			v.JSON = quoteText(v.Text)
		}
	}
	return v, err
}

func (a Attribute) parseText(raw json.RawMessage) (string, error) {
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return "", errors.New("must be a text")
	}
	if a.Kind == KindChoice {
		if !slices.Contains(a.Choices, *s) {
			return "", errors.New("is not a choice of this attribute")
		}
		return *s, nil
	}
	return text.Line(*s, 1, MaxText)
}

// quoteText is a text as JSON, in which &, < and > stand for themselves.
func quoteText(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

var numberShape = regexp.MustCompile(`^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?$`)

// parseNumber reads a decimal number as millionths.
func parseNumber(s string) (int64, error) {
	parts := numberShape.FindStringSubmatch(s)
	if parts == nil {
		return 0, errors.New("must be a number without an exponent")
	}
	fraction := strings.TrimRight(parts[3], "0")
	if len(parts[2]) > maxDigits || len(fraction) > decimals {
		return 0, fmt.Errorf("must have at most %d digits before the point and %d behind it", maxDigits, decimals)
	}
	n, err := strconv.ParseInt(parts[1]+parts[2]+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("must be a number: %w", err)
	}
	return n, nil
}

// formatNumber is the number as JSON, without zeros at the end.
func formatNumber(millionths int64) string {
	sign, digits := "", strconv.FormatInt(millionths, 10)
	if millionths < 0 {
		sign, digits = "-", digits[1:]
	}
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-decimals], strings.TrimRight(digits[len(digits)-decimals:], "0")
	if fraction == "" {
		return sign + whole
	}
	return sign + whole + "." + fraction
}

// parseValues reads the values that a client sent by the attributes that there are: the
// shop's, and those of the merchant, which come first where both have a code.
func parseValues(sent map[string]json.RawMessage, known []Attribute) (map[string]Value, error) {
	byCode := make(map[string]Attribute, len(known))
	for _, a := range known {
		if byCode[a.Code].MerchantID == "" {
			byCode[a.Code] = a
		}
	}
	out := make(map[string]Value, len(sent))
	var wrong []fault.Field
	for code, raw := range sent {
		a, ok := byCode[code]
		if !ok {
			wrong = append(wrong, fault.Field{Pointer: pointerTo(code), Detail: "is not the code of an attribute"})
			continue
		}
		v, err := a.parseValue(raw)
		if err != nil {
			wrong = append(wrong, fault.Field{Pointer: pointerTo(code), Detail: err.Error()})
		}
		out[code] = v
	}
	if len(wrong) > 0 {
		slices.SortFunc(wrong, func(a, b fault.Field) int { return strings.Compare(a.Pointer, b.Pointer) })
		return nil, fault.Invalid(wrong...)
	}
	return out, nil
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

// pointerTo is the JSON pointer to a field, RFC 6901 section 3.
func pointerTo(field string) string { return "/" + escapePointer.Replace(field) }
