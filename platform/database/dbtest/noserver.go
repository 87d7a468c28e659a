//go:build !unix

package dbtest

// sharedServer starts nothing where there is no flock.
func sharedServer() (socket string, err error) { return "", errNoServer }
