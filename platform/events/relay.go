package events

import "app/platform/database"

type relay struct {
	db    *database.DB
	types map[string][]string
	woken chan struct{}
}

func (r *relay) declares(name string) bool { _, ok := r.types[name]; return ok }

func (r *relay) wake() {
	select {
	case r.woken <- struct{}{}:
	default:
	}
}
