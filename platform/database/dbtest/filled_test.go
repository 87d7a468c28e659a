package dbtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"app/platform/database"
	"app/platform/database/dbtest"
)

type (
	status string
	amount struct {
		Units    int64
		Currency string
	}
	parcel struct {
		ID      string
		Status  status
		Total   amount
		Sealed  bool
		Weight  float64
		Key     []byte
		SentAt  time.Time
		Note    *string
		Labels  map[string]int
		Digest  [2]byte
		Stops   []amount
		private int //nolint:unused // Filled leaves it alone
	}
	parcelRow struct {
		ID     string
		SentAt database.Timestamp
	}
)

func TestFilled(t *testing.T) {
	t.Parallel()
	note := "v9"
	want := parcel{
		ID: "v1", Status: "v2", Total: amount{3, "v4"}, Sealed: true, Weight: 6.5, Key: []byte{7},
		SentAt: time.Date(2026, 11, 21, 12, 0, 8, 123_456_000, time.UTC), Note: &note,
		Labels: map[string]int{"v10": 11}, Digest: [2]byte{12, 13}, Stops: []amount{{14, "v15"}},
	}
	if diff := cmp.Diff(want, dbtest.Filled[parcel](t), cmp.AllowUnexported(parcel{})); diff != "" {
		t.Errorf("filled (-want +got):\n%s", diff)
	}
}

func TestFilledRefuses(t *testing.T) {
	t.Parallel()
	type chain struct{ Next *chain }
	for name, fill := range map[string]func(testing.TB){
		"Func":       func(t testing.TB) { dbtest.Filled[struct{ F func() }](t) },
		"Recursive":  func(t testing.TB) { dbtest.Filled[chain](t) },
		"Unexported": func(t testing.TB) { dbtest.Filled[struct{ P struct{ private int } }](t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if text := failureOf(fill); text == "" {
				t.Error("filled")
			}
		})
	}
}

// A conversion that leaves out a field is found, and only that.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	whole := func(r parcelRow) parcel { return parcel{ID: r.ID, SentAt: r.SentAt.Time} }
	row := func(p parcel) parcelRow { return parcelRow{p.ID, database.Timestamp{Time: p.SentAt}} }
	dbtest.RoundTrip(t, whole, row)
	left := cmpopts.IgnoreFields(parcel{}, "Status", "Total", "Sealed", "Weight", "Key", "Note", "Labels", "Digest", "Stops", "private")
	dbtest.RoundTrip(t, row, whole, left)
	forgetful := func(p parcel) parcelRow { return parcelRow{ID: p.ID} }
	if text := failureOf(func(t testing.TB) { dbtest.RoundTrip(t, forgetful, whole, left) }); text == "" {
		t.Error("a field that was left out is not noticed")
	}
}

// A field that is left out is named, wherever it is.
func TestWantFilled(t *testing.T) {
	t.Parallel()
	whole := dbtest.Filled[parcel](t)
	dbtest.WantFilled(t, whole)
	dbtest.WantFilled(t, &whole)
	note := ""
	for want, without := range map[string]func(*parcel){
		"Sealed is left out":         func(p *parcel) { p.Sealed = false },
		"Total.Currency is left out": func(p *parcel) { p.Total.Currency = "" },
		"Stops is left out":          func(p *parcel) { p.Stops = []amount{} },
		"Stops.Units is left out":    func(p *parcel) { p.Stops = []amount{{Currency: "EUR"}} },
		"SentAt is left out":         func(p *parcel) { p.SentAt = time.Time{} },
		"Note is left out":           func(p *parcel) { p.Note = &note },
		"all of it is left out":      func(p *parcel) { *p = parcel{} },
	} {
		short := dbtest.Filled[parcel](t)
		without(&short)
		if text := failureOf(func(t testing.TB) { dbtest.WantFilled(t, short) }); !strings.HasSuffix(text, want) {
			t.Errorf("%q, want %q", text, want)
		}
	}
	dbtest.WantFilled(t, parcel{ID: "p"}, "Status", "Total", "Sealed", "Weight", "Key", "SentAt", "Note", "Labels", "Digest", "Stops")
}

// failureOf runs what fails and gives the text it fails with.
func failureOf(run func(testing.TB)) string {
	failing := &failingTest{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		run(failing)
	}()
	<-done
	return failing.text
}

// failingTest keeps a failure to itself.
type failingTest struct {
	testing.TB
	text string
}

// Helper implements testing.TB.
func (f *failingTest) Helper() {}

// Errorf implements testing.TB.
func (f *failingTest) Errorf(format string, args ...any) { f.text = fmt.Sprintf(format, args...) }

// Fatal implements testing.TB.
func (f *failingTest) Fatal(args ...any) {
	f.text = fmt.Sprint(args...)
	panic("failed")
}
