package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"app/e2e/harness/shop"
)

// What the release after this one changes in catalog's schema, in a file that the
// project does not have.
const (
	nextMigration = "9001_add_products_note"
	nextFile      = "modules/catalog/migrations/" + nextMigration + ".up.sql"
	nextStatement = "ALTER TABLE catalog_products ADD COLUMN note VARCHAR(40) NOT NULL DEFAULT ''"
)

// nextBinary builds the release after this one: the same program with one migration
// more.
func nextBinary(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	migration, overlay, binary := filepath.Join(dir, "migration.sql"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "app")
	replaced := must(json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(shop.Root(), nextFile): migration}}))(t)
	for path, content := range map[string]string{migration: nextStatement, overlay: string(replaced)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-ldflags", "-X app/platform/cli.release=next", "-o", binary, ".")
	build.Dir = shop.Root()
	build.Env = append(build.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the next release: %v\n%s", err, out)
	}
	return binary
}
