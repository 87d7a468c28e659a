package letters_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/internal/letters"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// sample fills any template.
var sample = map[string]any{
	"first_name": "Ada", "code": "042137", "minutes": 10, "merchant": "Analytical Engines", "order_id": "ord_01kan4v6e8fx2s1gq0vj5t3x7c",
	"lines": []map[string]any{
		{"title": "Punched cards <500>", "quantity": 2, "price": "19.90 EUR", "total": "39.80 EUR"},
		{"title": "Brass wheel & axle", "quantity": 1, "price": "5.00 EUR", "total": "5.00 EUR"},
	},
	"total": "44.80 EUR", "amount": "5.00 EUR", "reason": "you asked for it", "was_paid": true, "full": false,
}

func parse(t *testing.T) *letters.Set {
	t.Helper()
	set, err := letters.Parse()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, tmpl := range parse(t).All() {
		t.Run(tmpl.Name, func(t *testing.T) {
			t.Parallel()
			got, err := tmpl.Render(sample)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tmpl.Name+".txt", "Subject: "+got.Subject+"\n\n"+got.Text)
			golden(t, tmpl.Name+".html", got.HTML)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", name, diff)
	}
}

func TestRenderNeedsEveryVariable(t *testing.T) {
	t.Parallel()
	for _, tmpl := range parse(t).All() {
		if missing := tmpl.Missing(nil); !cmp.Equal(missing, tmpl.Variables) {
			t.Errorf("%s: missing %v, want %v", tmpl.Name, missing, tmpl.Variables)
		}
		needed := map[string]any{}
		for _, name := range tmpl.Variables {
			needed[name] = sample[name]
		}
		if _, err := tmpl.Render(needed); err != nil {
			t.Errorf("%s needs more than it says: %v", tmpl.Name, err)
		}
		for _, name := range tmpl.Variables {
			fewer := map[string]any{}
			for k, v := range needed {
				if k != name {
					fewer[k] = v
				}
			}
			if _, err := tmpl.Render(fewer); err == nil {
				t.Errorf("%s does not use %s", tmpl.Name, name)
			}
		}
	}
}

func TestFailure36_HeaderInjectionThroughNameSubjectOrAddress(t *testing.T) {
	t.Parallel()
	tmpl, _ := parse(t).ByName("welcome")
	for _, name := range []string{"Ada\r\nBcc: all@example.com", "Ada\nX: y", "Ada\u2028Bcc: x", "Ada\x00", "Ada\x1b[31m", strings.Repeat("a", 500)} {
		got, err := tmpl.Render(map[string]any{"first_name": name})
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(got.Subject, "\r\n\x00\x1b\u2028") || len([]rune(got.Subject)) > 200 {
			t.Errorf("%q made the subject %q", name, got.Subject)
		}
	}
	for _, address := range []string{
		"", "ada", "ada@", "ada@example.com\r\nBcc: x@example.com", "Ada <ada@example.com>", "a@b.c, d@e.f", "ada@example.com ",
		"ada@example.com\x00", "ada@exämple.com", strings.Repeat("a", 251) + "@b.c",
	} {
		if letters.Address(address) {
			t.Errorf("%q passed as an address", address)
		}
	}
	if !letters.Address("ada.lovelace+shop@example.com") {
		t.Error("a plain address was refused")
	}
}

func TestRenderEscapesHTML(t *testing.T) {
	t.Parallel()
	tmpl, _ := parse(t).ByName("welcome")
	got, err := tmpl.Render(map[string]any{"first_name": "<script>alert(1)</script>"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(got.HTML, "<script>") {
		t.Errorf("a name became markup:\n%s", got.HTML)
	}
}
