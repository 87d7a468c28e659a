package config

import (
	"reflect"
	"slices"
	"strings"
)

// Variable describes one variable of a configuration struct.
type Variable struct {
	Name    string // such as "HTTP_ADDR"
	Type    string // such as "duration"
	Default string // empty when there is none
	Doc     string // what it does, with unit
	Secret  bool   // its value must not be shown: the field is tagged `secret:"true"`

	field string
}

// Describe lists the variables of a struct, or of a pointer to one, in the order of its
// fields. Structs inside are followed; nil describes nothing.
func Describe(target any) []Variable {
	t := reflect.TypeOf(target)
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	return variablesOfType(t)
}

func variablesOfType(t reflect.Type) []Variable {
	var out []Variable
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("env"), ",")
		switch {
		case name != "" && name != "-":
			out = append(out, variableOfField(f, name, options))
		case f.Type.Kind() == reflect.Struct && f.IsExported():
			out = append(out, variablesOfType(f.Type)...)
		}
	}
	return out
}

func variableOfField(f reflect.StructField, name, options string) Variable {
	v := Variable{
		Name:    name,
		Type:    strings.ToLower(f.Type.String()[strings.LastIndex(f.Type.String(), ".")+1:]),
		Default: f.Tag.Get("envDefault"),
		Doc:     f.Tag.Get("doc"),
		Secret:  f.Tag.Get("secret") == "true",
		field:   f.Name,
	}
	if slices.Contains(strings.Split(options, ","), "required") {
		v.Doc = strings.TrimSuffix("required; "+v.Doc, "; ")
	}
	return v
}
