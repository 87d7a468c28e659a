// Package draft makes the files of a new module out of a template.
package draft

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

// ErrName is a name that a module cannot have.
var ErrName = errors.New("no name for a module")

// Where things are, from the root of the repository.
const (
	templateDir = "modules/_template"
	listFile    = "modules/modules.go"
	policyFile  = "modules/boundaries_test.go"
	mapFile     = "docs/architecture.md"
)

// placeholder stands for the module's name in the paths of the template.
const placeholder = "__name__"

// words are what the template can say about the module.
type words struct {
	Name   string // coupons
	Title  string // Coupons
	Upper  string // COUPONS
	Prefix string // cou, the kind of its ids
}

var shape = regexp.MustCompile(`^[a-z][a-z0-9]{2,30}$`)

// Write makes the module's files below root, the root of the repository, and with
// register adds it to the list, the policy and the map. It returns the paths of what it wrote.
// Nothing is written when anything is wrong. ErrName when the name is not one or is
// taken.
func Write(root, name string, register bool) ([]string, error) {
	if err := checkName(root, name); err != nil {
		return nil, err
	}
	files, err := renderTemplates(os.DirFS(root), name)
	if err != nil {
		return nil, err
	}
	if register {
		if err := addLines(root, name, files); err != nil {
			return nil, err
		}
	}
	return saveFiles(root, files)
}

func checkName(root, name string) error {
	if !shape.MatchString(name) || token.IsKeyword(name) {
		return fmt.Errorf("%w: %q; use 3 to 31 lower-case letters and digits, such as coupons", ErrName, name)
	}
	if slices.Contains([]string{"platform", "modules", "main", "host", "internal", "events", "http"}, name) {
		return fmt.Errorf("%w: %s means something else here", ErrName, name)
	}
	if _, err := os.Stat(filepath.Join(root, "modules", name)); err == nil {
		return fmt.Errorf("%w: modules/%s exists", ErrName, name)
	}
	return nil
}

// renderTemplates fills the template. The result maps paths to contents.
func renderTemplates(repository fs.FS, name string) (map[string][]byte, error) {
	w := words{Name: name, Title: strings.ToUpper(name[:1]) + name[1:], Upper: strings.ToUpper(name), Prefix: name[:3]}
	files := map[string][]byte{}
	err := fs.WalkDir(repository, templateDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".tmpl") {
			return err
		}
		target := strings.NewReplacer(templateDir, "modules/"+name, placeholder, name, ".tmpl", "").Replace(path)
		files[target], err = executeTemplate(repository, path, w)
		return err
	})
	if err == nil && len(files) == 0 {
		err = errors.New("the template is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", templateDir, err)
	}
	return files, nil
}

func executeTemplate(repository fs.FS, path string, w words) ([]byte, error) {
	text, err := fs.ReadFile(repository, path)
	if err != nil {
		return nil, err
	}
	t, err := template.New(path).Option("missingkey=error").Parse(string(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, w); err != nil {
		return nil, err
	}
	if !strings.HasSuffix(path, ".go.tmpl") {
		return out.Bytes(), nil
	}
	source, err := format.Source(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return source, nil
}

func saveFiles(root string, files map[string][]byte) ([]string, error) {
	var written []string
	for path, content := range files {
		target := filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
			return nil, fmt.Errorf("make the folder: %w", err)
		}
		if err := os.WriteFile(target, content, 0o600); err != nil {
			return nil, fmt.Errorf("write the file: %w", err)
		}
		written = append(written, path)
	}
	slices.Sort(written)
	return written, nil
}
