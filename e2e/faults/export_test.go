package faults

import "testing"

// Link is a link that a test breaks.
type Link struct {
	Address string
	link    *link
}

// OpenLink opens a link to an address for the life of the test.
func OpenLink(t testing.TB, upstream string) Link {
	t.Helper()
	all := links{}
	address, err := all.open("test", upstream)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(all.close)
	return Link{address, all["test"]}
}

// Break breaks the link and returns what mends it.
func (l Link) Break(t testing.TB, f Fault) (mend func()) {
	t.Helper()
	repair, err := l.link.breakIt(f)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := repair(); err != nil {
			t.Error(err)
		}
	}
}

// SameAnswers is sameAnswers.
var SameAnswers = sameAnswers
