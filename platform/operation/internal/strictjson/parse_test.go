package strictjson_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"app/platform/operation/internal/strictjson"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]strictjson.Error{
		``:                            {Pointer: "", Offset: 0, Reason: "unexpected end"},
		`{"a":1} x`:                   {Pointer: "", Offset: 8, Reason: "unexpected text after the JSON value"},
		`{"a":{"b":[1,2,}]}}`:         {Pointer: "/a/b/2", Offset: 15, Reason: "expected a value"},
		`{"a":1,"b":2,"a":3}`:         {Pointer: "/a", Offset: 17, Reason: "name is given twice"},
		`{"a":1,"\u0061":3}`:          {Pointer: "/a", Offset: 16, Reason: "name is given twice"},
		`{"a/b":{"~":nul}}`:           {Pointer: "/a~1b/~0", Offset: 12, Reason: "expected a value"},
		`{a:1}`:                       {Pointer: "", Offset: 1, Reason: "expected a name in quotes"},
		`{"a" 1}`:                     {Pointer: "", Offset: 5, Reason: "expected a colon"},
		`[1 2]`:                       {Pointer: "", Offset: 3, Reason: "expected a comma"},
		`[1`:                          {Pointer: "", Offset: 2, Reason: "unexpected end"},
		`"abc`:                        {Pointer: "", Offset: 4, Reason: "string does not end"},
		`"\x"`:                        {Pointer: "", Offset: 0, Reason: "bad escape in a string"},
		"\"\xc3\x28\"":                {Pointer: "", Offset: 1, Reason: "text is not UTF-8"},
		`-`:                           {Pointer: "", Offset: 0, Reason: "expected a value"},
		`1.`:                          {Pointer: "", Offset: 0, Reason: "expected a value"},
		`+1`:                          {Pointer: "", Offset: 0, Reason: "expected a value"},
		`.5`:                          {Pointer: "", Offset: 0, Reason: "expected a value"},
		`NaN`:                         {Pointer: "", Offset: 0, Reason: "expected a value"},
		strings.Repeat("[", 65):       {Pointer: strings.Repeat("/0", 64), Offset: 64, Reason: "nested too deeply"},
		"\ufeff{}":                    {Pointer: "", Offset: 0, Reason: "expected a value"},
		`[true,false,null,0,"",{},[]`: {Pointer: "", Offset: 27, Reason: "unexpected end"},
	} {
		_, err := strictjson.Parse([]byte(text))
		var got *strictjson.Error
		if !errors.As(err, &got) {
			t.Errorf("%s: accepted", text)
			continue
		}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestPointer(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"body": "", "body.price.amount": "/price/amount", "body.lines[3].id": "/lines/3/id", "body[0]": "/0", "body[0].a[1][2]": "/0/a/1/2",
		"query.limit": "/limit", "path.id": "/id", "header.If-Match": "/If-Match", "body.a/b~c": "/a~1b~0c", "": "",
		"body." + strictjson.Protect("a.b[0]") + ".c": "/a.b[0]/c", "body." + strictjson.Protect(""): "/",
	} {
		if got := strictjson.Pointer(location); got != want {
			t.Errorf("%s: got %s, want %s", location, got, want)
		}
	}
}

func TestPointerAt(t *testing.T) {
	t.Parallel()
	const text = `{"a":[1,{"b":22}],"c":"x","a/b":{}}`
	for offset, want := range map[int]string{7: "/a/0", 14: "/a/1/b", 15: "/a/1/b", 16: "/a/1", 17: "/a", 25: "/c", 35: "", 99: ""} {
		if got := strictjson.PointerAt([]byte(text), offset); got != want {
			t.Errorf("offset %d: got %s, want %s", offset, got, want)
		}
	}
}

// What Parse accepts the standard library accepts too, and reads the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e3,"\u00e9\n",true,null]}`, `[]`, `"x"`, `1e999`, `{"a.b":{"":0}}`, `{"a":1,"A":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := strictjson.Parse(data)
		if err != nil {
			var at *strictjson.Error
			if !errors.As(err, &at) || at.Offset > len(data) || !utf8.ValidString(at.Pointer) {
				t.Fatalf("%q: %v", data, err)
			}
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q: accepted", data)
		}
		var want any
		if err := json.Unmarshal(data, &want); err != nil || strings.ContainsAny(string(data), `.[]\`) || strings.Contains(string(data), `""`) {
			return // a number beyond float64, or names that are protected
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", data, diff)
		}
	})
}
