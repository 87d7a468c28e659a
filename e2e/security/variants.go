package main

import (
	"encoding/json"
	"fmt"
)

// Accounts of the measurement. What differs between them is what nobody may find out.
const (
	known    = "known@example.com"
	disabled = "disabled@example.com"
	pending  = "pending@example.com" // registered and not verified
	unknown  = "unknown@example.com"
	wrong    = "Wrong-Horse-9"
)

// operation is one that takes an address, and what it is asked for.
type operation struct {
	name, path string
	status     int // that every variant is answered with
	variants   []variant
}

type variant struct {
	name string
	body func(round int) any
}

// operations are all that take an address from anybody. The first variant is the one
// that the others are compared with.
var operations = []operation{
	{"sign-in", "/v1/auth/login", 401, []variant{
		signIn("known", known, wrong), signIn("unknown", unknown, wrong), signIn("disabled", disabled, wrong), signIn("unverified", pending, wrong),
		signIn("known, empty", known, ""), signIn("unknown, empty", unknown, ""),
	}},
	{"register", "/v1/auth/register", 202, []variant{registration("known", known), registration("unknown", unknown), registration("disabled", disabled), registration("unverified", pending)}},
	{"code", "/v1/auth/code", 202, asking()},
	{"recover", "/v1/auth/password/forgot", 202, asking()},
}

func signIn(name, email, password string) variant {
	return variant{name, func(int) any { return map[string]string{"email": email, "password": password} }}
}

func registration(name, email string) variant {
	return variant{name, func(round int) any {
		password := fmt.Sprintf("Correct-Horse-%d", round)
		return map[string]string{"email": email, "password": password, "confirm_password": password, "first_name": "Ada", "last_name": "Lovelace"}
	}}
}

func asking() []variant {
	ask := func(name, email string) variant {
		return variant{name, func(int) any { return map[string]string{"email": email} }}
	}
	return []variant{ask("known", known), ask("unknown", unknown), ask("disabled", disabled), ask("unverified", pending)}
}

func (v variant) encode(round int) []byte {
	raw, _ := json.Marshal(v.body(round)) // of strings: cannot fail
	return raw
}
