package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"app/e2e/shop"
)

// nextMigration is what the release after this one changes in catalog's schema.
const nextMigration = "9001_add_products_note"

// nextBinary builds the release after this one: the same program with one migration more, which is in no file of the
// project.
func nextBinary(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	migration := filepath.Join(dir, "migration.sql")
	overlay := must(json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(shop.Root(), "modules", "catalog", "internal", "store", "migrations", nextMigration+".up.sql"): migration,
	}}))(t)
	for path, content := range map[string]string{
		migration:                          "ALTER TABLE catalog_products ADD COLUMN note VARCHAR(40) NOT NULL DEFAULT ''",
		filepath.Join(dir, "overlay.json"): string(overlay),
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(dir, "app")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-tags", "timetzdata",
		"-overlay", filepath.Join(dir, "overlay.json"), "-ldflags", "-s -w -X app/platform/cli.release=next", "-o", binary, ".")
	build.Dir = shop.Root()
	build.Env = append(os.Environ(), "CGO_ENABLED=0") //nolint:forbidigo // where Go keeps its caches
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the next release: %v\n%s", err, out)
	}
	return binary
}
