package shop

import (
	"bytes"
	"os"
	"testing"
)

// stop ends all processes and shows what those that failed the test had to say.
func (s *Shop) stop(t testing.TB) {
	for _, p := range s.Parts {
		p.Stop(t)
	}
	if !t.Failed() {
		return
	}
	for _, p := range s.Parts {
		if raw, err := os.ReadFile(p.log); err == nil && len(raw) > 0 {
			t.Logf("%s said:\n%s", p.Name, tail(raw, 8<<10))
		}
	}
}

// Said reports whether a process of the shop has written a text to its log.
func (s *Shop) Said(text string) bool {
	for _, p := range s.Parts {
		if raw, err := os.ReadFile(p.log); err == nil && bytes.Contains(raw, []byte(text)) {
			return true
		}
	}
	return false
}

func tail(raw []byte, n int) []byte {
	if len(raw) > n {
		return raw[len(raw)-n:]
	}
	return raw
}
