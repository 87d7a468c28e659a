// Package config turns the environment into structs. It is the only package that looks
// at the environment of the process. Every mistake is reported at once, each with the
// name of its variable, and a struct is read only when its module is hosted here.
//
// A field names its variable with `env`, its default with `envDefault` and its meaning,
// with unit, in `doc`:
//
//	HoldTTL time.Duration `env:"CATALOG_HOLD_TTL" envDefault:"30m" doc:"how long a checkout holds stock"`
//
// An empty value counts as unset, because that is what `NAME: ${NAME:-}` of a compose
// file gives. The value of any variable NAME can be kept in a file whose path is in
// NAME_FILE, as container secrets are.
package config

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"
)

// Environment looks up a variable. ok is false when it is not set.
type Environment func(name string) (value string, ok bool)

// Process is the environment of this process.
func Process() Environment { return os.LookupEnv }

// Fixed is an environment of the given variables only, for tests.
func Fixed(variables map[string]string) Environment {
	return func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}

// Over answers from the variables where they have the name, else from the environment
// below.
func Over(variables map[string]string, below Environment) Environment {
	top := Fixed(variables)
	return func(name string) (string, bool) {
		if value, ok := top(name); ok {
			return value, true
		}
		return below(name)
	}
}

// DotEnv puts a file of NAME=value lines below the environment, which wins. A file that
// does not exist is no error.
func DotEnv(path string, above Environment) (Environment, error) {
	variables, err := godotenv.Read(path)
	if errors.Is(err, os.ErrNotExist) {
		return above, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return func(name string) (string, bool) {
		if value, ok := above(name); ok {
			return value, true
		}
		value, ok := variables[name]
		return value, ok
	}, nil
}

// Get reads one variable, or the file that NAME_FILE points at. Unset and empty are
// both "".
func (e Environment) Get(name string) (string, error) {
	value, _ := e(name)
	path, _ := e(name + "_FILE")
	if path == "" {
		return value, nil
	}
	if value != "" {
		return "", fmt.Errorf("%s and %s_FILE are both set: keep one", name, name)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

// Validator is a struct that checks what a type cannot say. Join several errors; name
// the variable in each.
type Validator interface{ Validate() error }

// Load fills target, a pointer to a struct, from the environment and calls its
// Validate. All mistakes come back in one error; Problems takes it apart.
func Load(environment Environment, target any) error {
	values, errs := lookUpVariables(environment, target)
	err := env.ParseWithOptions(target, env.Options{Environment: values})
	errs = append(errs, nameVariablesInErrors(target, values, err)...)
	if v, ok := target.(Validator); ok {
		errs = append(errs, withoutRepeatedProblems(target, v.Validate(), errors.Join(errs...)))
	}
	return errors.Join(errs...)
}

// withoutRepeatedProblems leaves out what Validate says about variables that have no
// value because of an earlier mistake.
func withoutRepeatedProblems(target any, found, before error) error {
	said := strings.Join(Problems(before), "\n")
	var errs []error
	for _, problem := range Problems(found) {
		about := func(v Variable) bool { return strings.Contains(problem, v.Name) && strings.Contains(said, v.Name) }
		if !slices.ContainsFunc(Describe(target), about) {
			errs = append(errs, errors.New(problem))
		}
	}
	return errors.Join(errs...)
}

// Problems takes an error made of several apart, one line each.
func Problems(err error) []string {
	if err == nil {
		return nil
	}
	var many interface{ Unwrap() []error }
	if !errors.As(err, &many) {
		return []string{err.Error()}
	}
	var out []string
	for _, e := range many.Unwrap() {
		out = append(out, Problems(e)...)
	}
	return out
}

// lookUpVariables looks up the variables that the struct names and no others.
func lookUpVariables(environment Environment, target any) (map[string]string, []error) {
	values := map[string]string{}
	var errs []error
	for _, v := range Describe(target) {
		value, err := environment.Get(v.Name)
		if err != nil {
			errs = append(errs, err)
		}
		if value != "" {
			values[v.Name] = value
		}
	}
	return values, errs
}

// nameVariablesInErrors says each mistake in terms of the variable instead of the Go
// field.
func nameVariablesInErrors(target any, values map[string]string, err error) []error {
	if err == nil {
		return nil
	}
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []error{err}
	}
	names := map[string]Variable{}
	for _, v := range Describe(target) {
		names[v.field] = v
	}
	out := make([]error, 0, len(all.Errors))
	for _, e := range all.Errors {
		var parse env.ParseError
		var unset env.VarIsNotSetError
		var empty env.EmptyVarError
		switch {
		case errors.As(e, &parse):
			v := names[parse.Name]
			out = append(out, fmt.Errorf("%s=%q: not %s", v.Name, maskSecret(v, values[v.Name]), valueFormat(parse.Type)))
		case errors.As(e, &unset):
			out = append(out, fmt.Errorf("%s is not set", unset.Key))
		case errors.As(e, &empty):
			out = append(out, fmt.Errorf("%s is not set", empty.Key))
		default:
			out = append(out, e)
		}
	}
	return out
}

// maskSecret keeps a secret out of the log.
func maskSecret(v Variable, value string) string {
	if v.Secret {
		return "***"
	}
	return value
}

// valueFormat names what a value of the type looks like.
func valueFormat(t reflect.Type) string {
	switch t.String() {
	case "time.Duration":
		return `a duration such as "30s" or "15m"`
	case "slog.Level":
		return "a level: debug, info, warn or error"
	case reflect.TypeFor[[]netip.Prefix]().String():
		return `a list of networks such as "10.0.0.0/8,192.168.1.7/32"`
	}
	switch t.Kind() {
	case reflect.Bool:
		return `"true" or "false"`
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number of zero or more"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "a " + t.String()
	}
}
