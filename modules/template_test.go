package modules_test

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A subject of a real module that has everything a subject can have, save listeners,
// and the subject of the template.
const (
	realSubject     = "emails/internal/suppression"
	templateSubject = "_template/internal/item"
)

// TestTemplateIsAsModulesAre compares the files of the template's subject with those of
// a real one, so that whoever starts a module does not start from what modules were
// once.
func TestTemplateIsAsModulesAre(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(filesOfSubject(t, realSubject), filesOfSubject(t, templateSubject)); diff != "" {
		t.Errorf("files (-%s +%s):\n%s", realSubject, templateSubject, diff)
	}
	for _, file := range []string{"module.go", "config.go", "README.md", "migrations/migrations.go", "internal/reason/reason.go"} {
		for _, at := range []string{"emails/" + file, "_template/" + file + ".tmpl"} {
			if _, err := os.Stat(at); err != nil {
				t.Errorf("modules/%s: %v", at, err)
			}
		}
	}
}

// filesOfSubject lists the files of a subject, its own name in them being NOUN.
func filesOfSubject(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := fs.ReadDir(os.DirFS("."), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".tmpl")
		if rest, found := strings.CutPrefix(name, path.Base(dir)); found {
			name = "NOUN" + rest
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
