package database

import "io/fs"

// namedSet is a set of migrations whose ids carry its name.
type namedSet struct {
	fs.FS
	name string
}

// Named gives a set of migrations a name that goes before the ids of its files, as in
// "events/0001_create_outbox". Sets that several modules share are named, so that their
// numbers cannot clash with the module's own.
func Named(name string, set fs.FS) fs.FS { return namedSet{FS: set, name: name} }

// NameOf is the name that Named gave a set, empty for one without.
func NameOf(set fs.FS) string {
	named, _ := set.(namedSet)
	return named.name
}
