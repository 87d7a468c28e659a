//go:build !unix

package cli

// keepPrivate has nothing to do where files have no such modes.
func keepPrivate() {}
