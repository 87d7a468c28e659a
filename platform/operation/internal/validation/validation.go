// Package validation says what is wrong with the input of an operation, in the form that
// clients are told.
package validation

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"app/platform/operation/internal/strictjson"
	"app/platform/problem"
)

type state struct {
	path   *huma.PathBuffer
	result *huma.ValidateResult
}

var states = sync.Pool{New: func() any {
	return &state{huma.NewPathBuffer(make([]byte, 0, 128), 0), &huma.ValidateResult{}}
}}

// Body compares a parsed body with its schema. Huma's own validation ignores null in an
// optional field, which then silently means "not sent"; here it is refused unless the
// schema says that null is a value.
func Body(registry huma.Registry, schema *huma.Schema, tree any) (wrong []problem.Field) {
	v, _ := states.Get().(*state)
	defer states.Put(v)
	v.path.Reset()
	v.result.Reset()
	v.path.Push("body")
	huma.Validate(registry, schema, v.path, huma.ModeWriteToServer, tree, v.result)
	wrong = append(wrong, Fields(v.result.Errors)...)
	findDisallowedNulls(registry, schema, tree, "", &wrong)
	return wrong
}

// separator parts pointer and text in the message of an error that At makes.
const separator = "\x00"

// At is an error at a place of the body, which Fields finds again after Huma has wrapped
// it.
func At(pointer, text string) error { return errors.New(pointer + separator + text) }

// findDisallowedNulls finds optional fields that are null although the schema has no
// null for them.
func findDisallowedNulls(registry huma.Registry, s *huma.Schema, value any, pointer string, wrong *[]problem.Field) {
	if len(*wrong) > problem.MaxFields {
		return
	}
	for s.Ref != "" {
		s = registry.SchemaFromRef(s.Ref)
	}
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			property := s.Properties[name]
			if property == nil {
				property, _ = s.AdditionalProperties.(*huma.Schema)
			}
			if property != nil {
				nullMember(registry, s, property, name, member, pointer, wrong)
			}
		}
	case []any:
		for i, item := range value {
			if s.Items != nil && item != nil {
				findDisallowedNulls(registry, s.Items, item, fmt.Sprintf("%s/%d", pointer, i), wrong)
			}
		}
	}
}

func nullMember(registry huma.Registry, s, property *huma.Schema, name string, member any, pointer string, wrong *[]problem.Field) {
	at := pointer + strictjson.Pointer("body."+name)
	if member != nil {
		findDisallowedNulls(registry, property, member, at, wrong)
		return
	}
	target := property
	for target.Ref != "" {
		target = registry.SchemaFromRef(target.Ref)
	}
	required := false
	for _, r := range s.Required {
		required = required || r == name
	}
	if !required && !property.Nullable && !target.Nullable && target.Type != "" {
		*wrong = append(*wrong, problem.Field{Pointer: at, Detail: "must not be null"})
	}
}

// Fields reads Huma's errors. A missing property is reported by Huma at the object
// that lacks it; here at its own place.
func Fields(errs []error) []problem.Field {
	if len(errs) == 0 {
		return nil
	}
	out := make([]problem.Field, 0, min(len(errs), problem.MaxFields+1))
	for _, err := range errs {
		if len(out) > problem.MaxFields {
			break
		}
		var detail *huma.ErrorDetail
		if !errors.As(err, &detail) {
			out = append(out, problem.Field{Pointer: "", Detail: err.Error()})
			continue
		}
		out = append(out, fieldFrom(detail))
	}
	return out
}

func fieldFrom(d *huma.ErrorDetail) problem.Field {
	pointer := strictjson.Pointer(d.Location)
	if at, text, ok := strings.Cut(d.Message, separator); ok {
		return problem.Field{Pointer: at, Detail: text}
	}
	if name, ok := strings.CutPrefix(d.Message, "expected required property "); ok {
		if name, ok = strings.CutSuffix(name, " to be present"); ok {
			return problem.Field{Pointer: pointer + strictjson.Pointer("body."+strictjson.Protect(name)), Detail: "is required"}
		}
	}
	if strings.HasPrefix(d.Message, "required ") && strings.HasSuffix(d.Message, " parameter is missing") {
		return problem.Field{Pointer: pointer, Detail: "is required"}
	}
	return problem.Field{Pointer: pointer, Detail: d.Message}
}
