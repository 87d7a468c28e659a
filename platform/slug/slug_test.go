package slug_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"app/platform/slug"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Café Ünïque & Söhne":                    "cafe-unique-sohne",
		"  -- Chair, No. 7 -- ":                  "chair-no-7",
		"椅子":                                     "product",
		"椅子 7":                                   "product-7",
		"":                                       "product",
		"ab":                                     "product-ab",
		"ＷＩＤＥ":                                   "wide",
		strings.Repeat("long ", 20):              "long-long-long-long-long-long-long-long",
		strings.Repeat("a", 39) + " " + "bcdefg": strings.Repeat("a", 39),
	} {
		if got := slug.Of(name, "product"); got != want {
			t.Errorf("%q makes %q, want %q", name, got, want)
		}
	}
}

func TestWhatIsMadeIsValid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		made := slug.Of(rapid.String().Draw(t, "name"), "product")
		for _, s := range []string{made, slug.Numbered(made, 1), slug.Numbered(made, rapid.IntRange(2, 9_999_999).Draw(t, "n"))} {
			if wrong := slug.Validate("/slug", s); wrong != nil {
				t.Fatalf("%q: %v", s, wrong)
			}
		}
		if again := slug.Of(made, "product"); again != made {
			t.Fatalf("%q makes %q", made, again)
		}
	})
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "ab", "-abc", "abc-", "a--b", "Abc", "äbc", "a b", "a/b", "abc\n", strings.Repeat("a", 49)} {
		if wrong := slug.Validate("/slug", bad); len(wrong) != 1 || wrong[0].Pointer != "/slug" {
			t.Errorf("%q: %v", bad, wrong)
		}
	}
	for _, good := range []string{"abc", "a-b", "007", strings.Repeat("a", 48)} {
		if wrong := slug.Validate("/slug", good); wrong != nil {
			t.Errorf("%q: %v", good, wrong)
		}
	}
}

func ExampleNumbered() {
	made := slug.Of("Crème chair", "product")
	fmt.Println(slug.Numbered(made, 1), slug.Numbered(made, 2))
	// Output: creme-chair creme-chair-2
}
