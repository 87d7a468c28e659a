package transfer

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// canonicalJSON writes a document without what MySQL does not keep of it: white space,
// the order of members, how a fraction is written.
func canonicalJSON(text string) ([]byte, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	return json.Marshal(canonicalNumbers(v)) //nolint:wrapcheck // what was decoded can be encoded
}

// canonicalNumbers makes every number that is no whole one of 64 bits the double that
// MySQL makes of it.
func canonicalNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = canonicalNumbers(member)
		}
	case []any:
		for i, element := range v {
			v[i] = canonicalNumbers(element)
		}
	case json.Number:
		_, whole := strconv.ParseInt(v.String(), 10, 64)
		_, unsigned := strconv.ParseUint(v.String(), 10, 64)
		if whole == nil || unsigned == nil {
			break
		}
		if double, err := v.Float64(); err == nil {
			return double
		}
	}
	return v
}
