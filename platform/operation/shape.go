package operation

import (
	"fmt"
	"reflect"
)

// mustBeSeen panics when a struct embeds an unexported one: Huma passes over its fields
// without a word, so that a header or a path parameter would never be filled; and when
// an output's Body is promoted from an embedded struct, where Huma fails at the first
// reply.
func mustBeSeen(op Operation, input, output reflect.Type) {
	if name := hiddenIn(input); name != "" {
		panic(fmt.Sprintf("operation %s %s: input embeds %s, whose name has to be exported", op.Method, op.Path, name))
	}
	if name := hiddenIn(output); name != "" {
		panic(fmt.Sprintf("operation %s %s: output embeds %s, whose name has to be exported", op.Method, op.Path, name))
	}
	if output.Kind() != reflect.Struct {
		return
	}
	if body, ok := output.FieldByName("Body"); ok && len(body.Index) > 1 {
		panic(fmt.Sprintf("operation %s %s: the output's Body has to be a field of its own", op.Method, op.Path))
	}
}

// hiddenIn names the first unexported struct that t embeds, at any depth.
func hiddenIn(t reflect.Type) string {
	if t.Kind() != reflect.Struct {
		return ""
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.Anonymous || f.Type.Kind() != reflect.Struct {
			continue
		}
		if !f.IsExported() {
			return f.Name
		}
		if name := hiddenIn(f.Type); name != "" {
			return name
		}
	}
	return ""
}
