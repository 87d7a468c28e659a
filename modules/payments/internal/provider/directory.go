package provider

import (
	"maps"
	"slices"
)

// Directory finds providers by their names and by the payment methods they take. It is
// safe for concurrent use.
type Directory struct {
	ports    []Port
	byName   map[string]Port
	byMethod map[string]Port
}

// NewDirectory makes the directory of the given providers.
func NewDirectory(ports ...Port) *Directory {
	d := &Directory{ports: ports, byName: map[string]Port{}, byMethod: map[string]Port{}}
	for _, p := range ports {
		d.byName[p.Name()] = p
		for _, method := range p.Methods() {
			d.byMethod[method] = p
		}
	}
	return d
}

// All lists the providers.
func (d *Directory) All() []Port { return d.ports }

// ByName finds the provider of a name.
func (d *Directory) ByName(name string) (p Port, ok bool) {
	p, ok = d.byName[name]
	return p, ok
}

// ByMethod finds the provider that takes a payment method.
func (d *Directory) ByMethod(method string) (p Port, ok bool) {
	p, ok = d.byMethod[method]
	return p, ok
}

// Methods lists the payment methods of all providers in order.
func (d *Directory) Methods() []string { return slices.Sorted(maps.Keys(d.byMethod)) }
