package metadata_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"app/platform/metadata"
)

func TestNormalise(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key, value, kept string
		pointer          string
	}{
		"OK":                 {key: "erp", value: "4711", kept: "4711"},
		"spaces go":          {key: "a b", value: " c ", kept: "c"},
		"several lines":      {key: "note", value: "a\r\nb", kept: "a\nb"},
		"longest":            {key: strings.Repeat("é", 40), value: strings.Repeat("ü", 500), kept: strings.Repeat("ü", 500)},
		"no key":             {key: "", value: "x", pointer: "/metadata/"},
		"key too long":       {key: strings.Repeat("k", 41), value: "x", pointer: "/metadata/" + strings.Repeat("k", 40)},
		"space before a key": {key: " k", value: "x", pointer: "/metadata/ k"},
		"wide space in key":  {key: "a\u2003b", value: "x", pointer: "/metadata/a\u2003b"},
		"control in key":     {key: "a\u0000", value: "x", pointer: "/metadata/a\u0000"},
		"pointer is escaped": {key: "a/b~c", value: "\u0007", pointer: "/metadata/a~1b~0c"},
		"value too long":     {key: "k", value: strings.Repeat("v", 501), pointer: "/metadata/k"},
		"invisible value":    {key: "k", value: "a\u200bb", pointer: "/metadata/k"},
		"value turns text":   {key: "k", value: "a\u202eb", pointer: "/metadata/k"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kept, wrong := metadata.Change{c.key: &c.value}.Normalise("/metadata")
			if c.pointer == "" {
				if len(wrong) != 0 || *kept[c.key] != c.kept {
					t.Errorf("%v, wrong %v", kept, wrong)
				}
				return
			}
			if len(wrong) != 1 || wrong[0].Pointer != c.pointer || wrong[0].Detail == "" {
				t.Errorf("wrong %q, want %q", wrong, c.pointer)
			}
		})
	}
}

func TestBadKeysAreNamedInOrder(t *testing.T) {
	t.Parallel()
	bad := "\u0000"
	_, wrong := metadata.Change{"b": &bad, "a": &bad, "c": nil}.Normalise("/variants/0/metadata")
	if len(wrong) != 2 || wrong[0].Pointer != "/variants/0/metadata/a" || wrong[1].Pointer != "/variants/0/metadata/b" {
		t.Errorf("%v", wrong)
	}
}

func TestBoundsOfKeys(t *testing.T) {
	t.Parallel()
	change := metadata.Change{}
	for i := range metadata.MaxKeys {
		change[fmt.Sprint(i)] = textOf("x")
	}
	full := metadata.Metadata(nil).Merge(change)
	if wrong := full.Validate("/metadata"); len(full) != metadata.MaxKeys || wrong != nil {
		t.Errorf("%d keys: %v", len(full), wrong)
	}
	if wrong := full.Merge(metadata.Change{"more": textOf("x")}).Validate("/metadata"); len(wrong) != 1 || wrong[0].Pointer != "/metadata" {
		t.Errorf("one key more: %v", wrong)
	}
	if wrong := full.Merge(metadata.Change{"more": textOf("x"), "0": nil}).Validate("/metadata"); wrong != nil {
		t.Errorf("one key for another: %v", wrong)
	}
	for i := range metadata.MaxChanges {
		change[fmt.Sprint(i)] = nil
	}
	if _, wrong := change.Normalise("/metadata"); wrong != nil {
		t.Errorf("all replaced: %v", wrong)
	}
	change["more"] = nil
	if _, wrong := change.Normalise("/metadata"); len(wrong) != 1 || wrong[0].Pointer != "/metadata" {
		t.Errorf("a change of more: %v", wrong)
	}
}

func textOf(s string) *string { return &s }

func TestMerge(t *testing.T) {
	t.Parallel()
	before := metadata.Metadata{"stays": "1", "changes": "2", "goes": "3", "empties": "4"}
	got := before.Merge(metadata.Change{"changes": textOf("two"), "goes": nil, "empties": textOf(""), "absent": nil, "comes": textOf("5")})
	if diff := cmp.Diff(metadata.Metadata{"stays": "1", "changes": "two", "comes": "5"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if before["changes"] != "2" || len(before) != 4 {
		t.Errorf("the metadata of before is %v now", before)
	}
	if gone := (metadata.Metadata{"a": "1"}).Merge(metadata.Change{"a": nil}); gone != nil || gone.Shown() == nil {
		t.Errorf("nothing left is %#v, shown as %#v", gone, gone.Shown())
	}
}

// drawn makes metadata and changes over few keys, so that they meet.
func drawn(t *rapid.T) (metadata.Metadata, metadata.Change) {
	key, value := rapid.StringMatching("[a-e]"), rapid.StringMatching("[x-z]{0,2}")
	change := rapid.MapOf(key, rapid.Ptr(value, true)).Draw(t, "change")
	have := rapid.MapOf(key, rapid.StringMatching("[x-z]{1,2}")).Draw(t, "have")
	return have, change
}

func TestMergeIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		have, change := drawn(t)
		kept, wrong := change.Normalise("/metadata")
		if wrong != nil {
			t.Fatal(wrong)
		}
		once := have.Merge(kept)
		if twice := once.Merge(kept); !maps.Equal(once, twice) {
			t.Fatalf("once %v, twice %v", once, twice)
		}
		for key, value := range once {
			if sent, named := change[key]; named && (sent == nil || *sent != value) || !named && have[key] != value {
				t.Fatalf("%s is %q", key, value)
			}
		}
	})
}

func TestColumn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := metadata.Metadata(rapid.MapOfN(rapid.String(), rapid.String(), 1, 9).Draw(t, "metadata"))
		stored, err := want.Value()
		if err != nil {
			t.Fatal(err)
		}
		text, _ := stored.(string)
		for _, src := range []any{text, []byte(text)} {
			var got metadata.Metadata
			if err := got.Scan(src); err != nil || !maps.Equal(want, got) {
				t.Fatalf("%q read as %v (%v), want %v", src, got, err, want)
			}
		}
	})
}

func TestColumnWithout(t *testing.T) {
	t.Parallel()
	if stored, err := (metadata.Metadata{}).Value(); stored != nil || err != nil {
		t.Errorf("nothing is stored as %v, %v", stored, err)
	}
	for _, src := range []any{nil, "", "{}", []byte{}} {
		got := metadata.Metadata{"of": "the row before"}
		if err := got.Scan(src); err != nil || got != nil {
			t.Errorf("%v is read as %v, %v", src, got, err)
		}
	}
	var got metadata.Metadata
	for _, src := range []any{"[", `{"a":1}`, int64(1)} {
		if err := got.Scan(src); err == nil {
			t.Errorf("%v is read as %v", src, got)
		}
	}
}

func ExampleMetadata_Merge() {
	have := metadata.Metadata{"erp": "4711", "season": "winter"}
	summer := "summer"
	fmt.Println(have.Merge(metadata.Change{"season": &summer, "erp": nil}))
	// Output: map[season:summer]
}
