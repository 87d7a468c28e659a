package rpc

import (
	"fmt"
	"strings"
)

// MaxMessage bounds the encoded size of a request and of a response, in bytes.
const MaxMessage = 4 << 20

// Level says what a repetition of a call does; it is the method's idempotency_level.
type Level int

// The levels of google.protobuf.MethodOptions.
const (
	Unknown       Level = iota // a repetition may have a second effect: never retried
	NoSideEffects              // reads
	Idempotent                 // a repetition has no further effect
)

// Repeatable tells whether a call may be sent twice.
func (l Level) Repeatable() bool { return l == NoSideEffects || l == Idempotent }

// Method is one call of a contract.
type Method struct {
	Name  string
	Level Level
}

// Contract describes a generated service: who answers and what may be asked. It is made by protoc-gen-souk.
type Contract struct {
	// Module is the second element of the proto package: "catalog" of souk.catalog.v1.
	Module string
	// Service is the full proto name, "souk.catalog.v1.Catalog". Its package ends in the major version.
	Service string
	// Fingerprint tells two builds of one major version apart. It is for logs; differing ones may talk.
	Fingerprint string
	Methods     []Method
}

// Version is the major version of the contract, "v1" of souk.catalog.v1.Catalog.
func (c Contract) Version() string {
	parts := strings.Split(c.Service, ".")
	if len(parts) < 2 {
		return ""
	}
	return parts[len(parts)-2]
}

// family is the service's name without the version: what two major versions have in common.
func (c Contract) family() string {
	parts := strings.Split(c.Service, ".")
	if len(parts) < 2 {
		return c.Service
	}
	return strings.Join(append(parts[:len(parts)-2:len(parts)-2], parts[len(parts)-1]), ".")
}

// Dependency is a caller's need of another module's contract, made by the generated Need functions.
type Dependency struct {
	Contract Contract
	// Module is who is asked: the contract's module unless ForModule named another.
	Module string
	fill   func(*Edge)
	link   Link
}

// Need is called by generated code: fill puts a client that uses the edge where the caller wants it.
func Need(c Contract, fill func(*Edge)) Dependency {
	return Dependency{Contract: c, Module: c.Module, fill: fill}
}

// ForModule asks the given module instead of the contract's own, for contracts that several modules serve.
func (d Dependency) ForModule(module string) Dependency {
	d.Module = module
	return d
}

// Over puts a link before the calls; nil for none.
func (d Dependency) Over(l Link) Dependency {
	d.link = l
	return d
}

// String names the dependency as in "catalog (souk.catalog.v1.Catalog)".
func (d Dependency) String() string { return fmt.Sprintf("%s (%s)", d.Module, d.Contract.Service) }

// Service is a module's answer to a contract, made by the generated Serve functions.
type Service struct {
	Contract Contract
	// Module is who answers: the contract's module unless ForModule named another.
	Module    string
	endpoints []Endpoint // in the order of Contract.Methods
}

// Serve is called by generated code. The endpoints are in the order of the contract's methods.
func Serve(c Contract, endpoints ...Endpoint) Service {
	if len(endpoints) != len(c.Methods) {
		panic(fmt.Sprintf("rpc: %s has %d methods but %d endpoints", c.Service, len(c.Methods), len(endpoints)))
	}
	return Service{Contract: c, Module: c.Module, endpoints: endpoints}
}

// ForModule serves under the given module's name, for contracts that several modules serve.
func (s Service) ForModule(module string) Service {
	s.Module = module
	return s
}
