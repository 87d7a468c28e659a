package rpc

import (
	"fmt"
	"slices"
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

// Repeatable reports whether a call may be sent twice.
func (l Level) Repeatable() bool { return l == NoSideEffects || l == Idempotent }

// Method is one call of a contract.
type Method struct {
	Name  string
	Level Level
}

// Contract describes a generated service: who answers and what may be asked. It is made
// by protoc-gen-souk.
type Contract struct {
	// Module is the second element of the proto package: "catalog" of souk.catalog.v1.
	Module string
	// Service is the full proto name, "souk.catalog.v1.Catalog". Its package ends in
	// the major version.
	Service string
	// Fingerprint tells two builds of one major version apart. It is for logs;
	// differing ones may talk.
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

// unversionedName is the service's name without the version: what two major versions
// have in common.
func (c Contract) unversionedName() string {
	parts := strings.Split(c.Service, ".")
	if len(parts) < 2 {
		return c.Service
	}
	return strings.Join(append(parts[:len(parts)-2:len(parts)-2], parts[len(parts)-1]), ".")
}

// Dependency is a caller's need of another module's contract, made by the generated
// Need functions.
type Dependency struct {
	Contract Contract
	// Module is who is asked: the contract's module unless ForModule named another.
	Module string
	// Methods names what the module calls of the contract; empty for all of it. See
	// Only.
	Methods []string
	// Former names what the release before calls, and this one does not. See Formerly.
	Former []string
	fill   func(*Edge)
	link   Link
}

// Need is called by generated code: fill puts a client that uses the edge where the
// caller wants it.
func Need(c Contract, fill func(*Edge)) Dependency {
	return Dependency{Contract: c, Module: c.Module, fill: fill}
}

// ForModule asks the given module instead of the contract's own, for contracts that
// several modules serve.
func (d Dependency) ForModule(module string) Dependency {
	d.Module = module
	return d
}

// Only declares that the module calls these methods of the contract and no others: the
// callee refuses the rest.
func (d Dependency) Only(methods ...string) Dependency {
	d.Methods = methods
	return d
}

// Formerly keeps methods open that the release before calls: processes of both releases
// run side by side while a shop is upgraded. The release after this one drops the line.
func (d Dependency) Formerly(methods ...string) Dependency {
	d.Former = methods
	return d
}

// checkMethods says what Only or Formerly names and the contract does not have.
func (d Dependency) checkMethods() error {
	for _, name := range slices.Concat(d.Methods, d.Former) {
		if !slices.ContainsFunc(d.Contract.Methods, func(m Method) bool { return m.Name == name }) {
			return fmt.Errorf("there is no method %s", name)
		}
	}
	return nil
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
	callers   *Callers   // nil: whoever has an assertion
}

// Callers are the modules that may call a service, each with the methods it has
// declared; none means all.
type Callers map[string][]string

// Declare notes that a module has declared the dependency, maybe besides others of the
// contract.
func (c Callers) Declare(module string, d Dependency) {
	methods, before := c[module]
	if len(d.Methods) == 0 || before && len(methods) == 0 {
		c[module] = nil
		return
	}
	c[module] = slices.Concat(methods, d.Methods, d.Former)
}

// Serve is called by generated code. The endpoints are in the order of the contract's
// methods.
func Serve(c Contract, endpoints ...Endpoint) Service {
	if len(endpoints) != len(c.Methods) {
		panic(fmt.Sprintf("rpc: %s has %d methods but %d endpoints", c.Service, len(c.Methods), len(endpoints)))
	}
	return Service{Contract: c, Module: c.Module, endpoints: endpoints}
}

// For lets these modules call the service, and no others: permission_denied
// (caller_not_declared), whichever way they come. A service without For answers every
// module of the house, which is for tests of one service.
func (s Service) For(callers Callers) Service {
	s.callers = &callers
	return s
}

// allowsCaller reports whether a module may call a method.
func (s Service) allowsCaller(module, method string) bool {
	if s.callers == nil {
		return true
	}
	methods, known := (*s.callers)[module]
	return known && (len(methods) == 0 || slices.Contains(methods, method))
}

// ForModule serves under the given module's name, for contracts that several modules
// serve.
func (s Service) ForModule(module string) Service {
	s.Module = module
	return s
}
