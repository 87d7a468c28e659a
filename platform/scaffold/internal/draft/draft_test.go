package draft_test

import (
	"errors"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/scaffold/internal/draft"
)

// repository is a copy of what the scaffold reads.
func repository(t *testing.T) string {
	t.Helper()
	const here = "../../../.."
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "modules/_template"), os.DirFS(here+"/modules/_template")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "docs"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"docs/architecture.md": "# The map\n\n| module | owns | calls | subscribes to | emits |\n|---|---|---|---|---|\n| users | accounts | - | - | - |\n\nCalls point down.\n",
		"modules/modules.go": `package modules

import (
	"app/modules/users"
	"app/platform/lifecycle"
)

// All makes every module.
func All() []lifecycle.Module {
	return []lifecycle.Module{
		users.New(),
	}
}
`,
		"modules/boundaries_test.go": `package modules_test

// calls is who may call whom.
var calls = map[string][]string{
	"users": nil,
}

var subscribes = map[string][]string{
	"users": nil,
}
`,
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func read(t *testing.T, root, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWrite(t *testing.T) {
	t.Parallel()
	root := repository(t)
	written, err := draft.Write(root, "coupons", true)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"docs/architecture.md",
		"modules/boundaries_test.go",
		"modules/coupons/README.md",
		"modules/coupons/config.go",
		"modules/coupons/couponsv1/coupons.proto",
		"modules/coupons/internal/item/export_test.go",
		"modules/coupons/internal/item/item.go",
		"modules/coupons/internal/item/item_test.go",
		"modules/coupons/internal/item/rest.go",
		"modules/coupons/internal/item/rest_test.go",
		"modules/coupons/internal/item/service.go",
		"modules/coupons/internal/item/service_test.go",
		"modules/coupons/internal/item/store.go",
		"modules/coupons/internal/item/store_test.go",
		"modules/coupons/internal/reason/reason.go",
		"modules/coupons/migrations/0001_create_items.up.sql",
		"modules/coupons/migrations/migrations.go",
		"modules/coupons/module.go",
		"modules/coupons/module_test.go",
		"modules/modules.go",
	}
	if diff := cmp.Diff(want, written); diff != "" {
		t.Fatalf("files (-want +got):\n%s", diff)
	}
	for _, file := range written {
		text := read(t, root, file)
		if strings.Contains(text, "{{.") || strings.Contains(text, "__name__") {
			t.Errorf("%s still has placeholders", file)
		}
		if _, err := parser.ParseFile(token.NewFileSet(), file, text, 0); strings.HasSuffix(file, ".go") && err != nil {
			t.Error(err)
		}
	}
}

func TestWriteRegisters(t *testing.T) {
	t.Parallel()
	root := repository(t)
	if _, err := draft.Write(root, "coupons", true); err != nil {
		t.Fatal(err)
	}
	wantList := `package modules

import (
	"app/modules/coupons"
	"app/modules/users"
	"app/platform/lifecycle"
)

// All makes every module.
func All() []lifecycle.Module {
	return []lifecycle.Module{
		users.New(),
		coupons.New(),
	}
}
`
	if diff := cmp.Diff(wantList, read(t, root, "modules/modules.go")); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	wantPolicy := `package modules_test

// calls is who may call whom.
var calls = map[string][]string{
	"users":   nil,
	"coupons": nil,
}

var subscribes = map[string][]string{
	"users":   nil,
	"coupons": nil,
}
`
	if diff := cmp.Diff(wantPolicy, read(t, root, "modules/boundaries_test.go")); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	wantMap := "| users | accounts | - | - | - |\n| coupons | items | - | - | - |\n\nCalls point down.\n"
	if got := read(t, root, "docs/architecture.md"); !strings.HasSuffix(got, wantMap) {
		t.Errorf("the map ends with %q", got)
	}
}

func TestWriteWithoutRegistering(t *testing.T) {
	t.Parallel()
	root := repository(t)
	before := read(t, root, "modules/modules.go")
	if _, err := draft.Write(root, "coupons", false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, read(t, root, "modules/modules.go")); diff != "" {
		t.Errorf("list (-before +after):\n%s", diff)
	}
}

func TestWriteRefusesNames(t *testing.T) {
	t.Parallel()
	root := repository(t)
	if err := os.MkdirAll(filepath.Join(root, "modules/users"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "Coupons", "gift-cards", "gift_cards", "1st", "ab", "func", "users", "platform", "../evil"} {
		if _, err := draft.Write(root, name, true); !errors.Is(err, draft.ErrName) {
			t.Errorf("%q: %v, want ErrName", name, err)
		}
	}
}
