//go:build unix

package rabbittest

import "testing"

// Host gives the amqp:// address of an empty virtual host on the server, removed when
// the test ends.
func (s *Server) Host(t testing.TB) string {
	t.Helper()
	location, err := s.adminClient().newHost(t)
	if err != nil {
		t.Fatal(err)
	}
	return location
}
