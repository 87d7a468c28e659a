// Package httpheader is what every reply says in its header whoever makes it, and how
// headers of requests are read: what caches may keep, what browsers may do, which
// headers are lists.
package httpheader
