package main

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"app/modules"
	"app/platform/config"
	"app/platform/host"
	"app/platform/telemetry"
)

// section is what stands in docs/security.md under a heading, down to the next one of
// its depth.
func section(t *testing.T, heading string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "\n## "+heading)
	if !found {
		t.Fatalf("docs/security.md has no section %q", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

var variable = regexp.MustCompile("`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`")

// Each variable that the table of limits names is one that the program reads, and each
// of its rows names the test that shows the limit.
func TestLimitsAreConfiguration(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	add := func(target any) {
		for _, v := range config.Describe(target) {
			known[v.Name] = true
		}
	}
	add(&config.Platform{})
	for _, m := range modules.All() {
		if c, ok := m.(host.Configurer); ok {
			add(c.Config())
		}
	}
	rows := 0
	for line := range strings.Lines(section(t, "Limits")) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| what ") {
			continue
		}
		rows++
		if !regexp.MustCompile("`(Test|Fuzz)[A-Z]").MatchString(line) {
			t.Errorf("no test is named: %s", line)
		}
		for _, found := range variable.FindAllStringSubmatch(line, -1) {
			if !known[found[1]] {
				t.Errorf("%s is no variable of the program: %s", found[1], line)
			}
		}
	}
	if rows < 20 {
		t.Errorf("%d limits: is the table read right?", rows)
	}
}

var creates = regexp.MustCompile(`CREATE TABLE (?:IF NOT EXISTS )?([a-z_0-9]+)`)

// Each table that a migration makes stands in the list of what is kept.
func TestDataIsListed(t *testing.T) {
	t.Parallel()
	text := section(t, "Data")
	tables := 0
	for _, root := range []string{"modules", "platform"} {
		tree := os.DirFS("../../" + root)
		err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".sql") {
				return err
			}
			raw, err := fs.ReadFile(tree, name)
			if err != nil {
				return err
			}
			for _, found := range creates.FindAllStringSubmatch(string(raw), -1) {
				tables++
				if !strings.Contains(text, "`"+found[1]+"`") {
					t.Errorf("%s/%s makes %s, which docs/security.md does not list", root, name, found[1])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if tables < 40 {
		t.Errorf("%d tables: are the migrations read right?", tables)
	}
}

// Each package of somebody else's belongs to a module that go.mod requires and whose
// content go.sum pins.
func TestComponentsAreListed(t *testing.T) {
	t.Parallel()
	required, sums := lines(t, "../../go.mod"), lines(t, "../../go.sum")
	for imported := range imports(t) {
		first, _, _ := strings.Cut(imported, "/")
		if !strings.Contains(first, ".") { // the standard library, or ours
			continue
		}
		listed := func(line string) bool {
			name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "require "), " ")
			return imported == name || strings.HasPrefix(imported, name+"/")
		}
		if !slices.ContainsFunc(required, listed) || !slices.ContainsFunc(sums, listed) {
			t.Errorf("%s belongs to no module of go.mod and go.sum", imported)
		}
	}
}

// The image holds the program, the certificates of authorities and an empty folder: no
// source, no shell, no history; and what the build sees leaves out secrets and history.
func TestImageHoldsTheProgramOnly(t *testing.T) {
	t.Parallel()
	var last []string
	for _, line := range lines(t, "../../Dockerfile") {
		if strings.HasPrefix(line, "FROM ") {
			last = []string{line}
		}
		if strings.HasPrefix(line, "COPY ") || strings.HasPrefix(line, "ADD ") {
			last = append(last, line[strings.LastIndex(line, " ")+1:])
		}
	}
	if want := []string{"FROM scratch", "/etc/ssl/certs/", "/app", "/data"}; !slices.Equal(last, want) {
		t.Errorf("the image is made of %q, want %q", last, want)
	}
	ignored := lines(t, "../../.dockerignore")
	for _, name := range []string{".git", ".env", "/deploy", "/data"} {
		if !slices.Contains(ignored, name) {
			t.Errorf(".dockerignore lets %s into the build", name)
		}
	}
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(raw), "\n")
}

var inputs = regexp.MustCompile(`<input[^>]*>`)

// Passwords are typed into masked fields, and nothing on a page keeps paste or a
// password manager out.
func TestPasswordFields(t *testing.T) {
	t.Parallel()
	tree := os.DirFS("../../modules")
	pages, masked := 0, 0
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.go") ||
			!strings.HasSuffix(name, ".html") && !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".js") {
			return err
		}
		raw, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		pages++
		if strings.Contains(string(raw), "onpaste") {
			t.Errorf("%s has an opinion on what is pasted", name)
		}
		for _, input := range inputs.FindAllString(string(raw), -1) {
			if strings.Contains(input, `name="password`) && (!strings.Contains(input, `type="password"`) || strings.Contains(input, `autocomplete="off"`)) {
				t.Errorf("%s shows a password that is typed, or keeps a manager out: %s", name, input)
			}
		}
		masked += strings.Count(string(raw), `"current-password"`) + strings.Count(string(raw), `"new-password"`)
		return nil
	})
	if err != nil || pages < 50 || masked == 0 {
		t.Errorf("%d files, %d fields for passwords: are the pages read right? %v", pages, masked, err)
	}
}

// Whatever somebody sends stays on the line of the log that it belongs to.
func TestLogLinesCannotBeForged(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		telemetry.NewLogger(&out, slog.LevelInfo, format).Info("request", slog.String("path", "/x\nlevel=ERROR msg=forged\r\x1b[2J"))
		if n := strings.Count(strings.TrimSuffix(out.String(), "\n"), "\n"); n != 0 {
			t.Errorf("%s: %d lines of one: %q", format, n+1, out.String())
		}
	}
}
