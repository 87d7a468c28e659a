//go:build !unix

package dbtest

import "testing"

// Server is a private MariaDB, which is started on Unix systems only.
type Server struct{}

// Start has nothing to start.
func Start(t testing.TB, _ ...string) *Server {
	t.Helper()
	requireServer(t, errNoServer)
	return nil
}

// Account is never called.
func (*Server) Account(testing.TB, string, string) string { return "" }

// Kill is never called.
func (*Server) Kill(testing.TB) {}

// Restart is never called.
func (*Server) Restart(testing.TB) {}

// Pause is never called.
func (*Server) Pause(testing.TB) {}

// Resume is never called.
func (*Server) Resume(testing.TB) {}

// Address is never called.
func (*Server) Address() string { return "" }

// PID is never called.
func (*Server) PID(testing.TB) int { return 0 }
