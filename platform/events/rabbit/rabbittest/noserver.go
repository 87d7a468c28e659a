//go:build !unix

package rabbittest

import "testing"

// Server is a private RabbitMQ, which is started on Unix systems only.
type Server struct{}

func startServer() (*Server, error) { return nil, errNotInstalled }

func (*Server) stopAndRemove() {}

func (*Server) adminClient() *administrator { return nil }

func (*Server) runRabbitmqctl(...string) ([]byte, error) { return nil, errNotInstalled }

// PID is the id of the server's process.
func (*Server) PID(testing.TB) int { return 0 }

// Host is the address of a virtual host.
func (*Server) Host(testing.TB) string { return "" }

// URL is the address of the server.
func (*Server) URL() string { return "" }

// Kill ends the server as a power cut would.
func (*Server) Kill(testing.TB) {}

// Restart starts the server again after Kill.
func (*Server) Restart(testing.TB) {}

// Pause makes the server stand still until Resume.
func (*Server) Pause(testing.TB) {}

// Resume ends a pause.
func (*Server) Resume(testing.TB) {}

// Block makes the server take no messages until Unblock.
func (*Server) Block(testing.TB) {}

// Unblock ends what Block began.
func (*Server) Unblock(testing.TB) {}
