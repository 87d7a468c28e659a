//go:build compose

package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"app/e2e/harness/shop"
)

// A release with a new column replaces this one, a container at a time, while buyers
// buy. The new column comes first, while the old release serves; then each module.
// Buyers may be told to come back later; nothing else goes wrong.
func upgrade(t *testing.T, s *shop.Shop) {
	next := nextImage(t)
	st := openStand(t, s, "upgrade", 300, 100_000)
	l := startLoad(t, s, "upgrade", st.product.ID)
	l.goesOn(t)
	out := composeWith(t, next, "run", "--rm", "--no-deps", "-T", "catalog", "migrate", "up", "--module=catalog")
	if !strings.Contains(out, nextMigration) {
		t.Fatalf("migrate: %s", out)
	}
	l.goesOn(t)
	for _, service := range []string{"users", "merchants", "catalog", "payments", "orders", "emails", "gateway"} {
		l.watch.noGateway.Store(service == "gateway")
		composeWith(t, next, "up", "-d", "--no-build", "--no-deps", service)
		l.goesOn(t)
		l.watch.noGateway.Store(false)
		if out := compose(t, "exec", "-T", service, "/app", "version"); !strings.Contains(out, "next") {
			t.Errorf("%s is %s", service, out)
		}
	}
	acknowledged := l.stop(t)
	settled(t, s, append(acknowledged, purchase(t, s, "after-the-upgrade"))...)
}

// nextImage is this image with the next release's program, built where this one's was:
// deploy/test.sh has left that stage.
func nextImage(t *testing.T) string {
	t.Helper()
	image := setting(t, composeImage)
	dir := t.TempDir()
	for name, content := range map[string]string{
		"migration.sql": nextStatement,
		"Dockerfile": "FROM " + image + "-build AS build\nCOPY migration.sql /src/" + nextFile + "\n" +
			"RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags timetzdata,grpcnotrace -ldflags '-s -w -X app/platform/cli.release=next' -o /out/app .\n" +
			"FROM " + image + "\nCOPY --from=build /out/app /app\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), "docker", "build", "--network=host", "--quiet", "-t", image+"-next", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("docker build: %v\n%s", err, out)
	}
	return image + "-next"
}
