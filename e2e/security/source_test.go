package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source are the parsed files of the program: what main.go, modules and platform are
// built from, without tests, test helpers and the scaffold, which is a program of its
// own.
func source(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	tree := os.DirFS("../..")
	for _, root := range []string{"main.go", "modules", "platform"} {
		err := fs.WalkDir(tree, root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() {
				if name == "platform/scaffold" || name == "modules/_template" || strings.HasSuffix(name, "test") || strings.HasPrefix(name, "platform/internal/demo") {
					return fs.SkipDir
				}
				return nil
			}
			if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return nil
			}
			raw, err := fs.ReadFile(tree, name)
			if err != nil {
				return err
			}
			files[name], err = parser.ParseFile(token.NewFileSet(), name, raw, parser.SkipObjectResolution)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 300 {
		t.Fatalf("%d files: is the tree read right?", len(files))
	}
	return files
}

// imports maps each package that the program imports to the files that do.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for name, file := range source(t) {
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			found[imported] = append(found[imported], name)
		}
	}
	return found
}

// The program starts no other program, reads no XML, loads no code, and decodes no
// format that names types.
func TestSource_NothingIsExecuted(t *testing.T) {
	t.Parallel()
	found := imports(t)
	for _, banned := range []string{"os/exec", "plugin", "encoding/xml", "encoding/gob", "text/template", "html/template"} {
		if files := found[banned]; len(files) > 0 {
			t.Errorf("%s is imported by %v", banned, files)
		}
	}
}

// Memory is Go's: the package unsafe stands in generated code only, and nothing is
// linked from C.
func TestSource_MemoryIsSafe(t *testing.T) {
	t.Parallel()
	found := imports(t)
	if files := found["C"]; len(files) > 0 {
		t.Errorf("C is imported by %v", files)
	}
	for _, file := range found["unsafe"] {
		if !strings.HasSuffix(file, ".pb.go") {
			t.Errorf("%s imports unsafe", file)
		}
	}
}

// drawsLots may use random numbers that can be guessed: pauses before another try,
// networks that are bad on purpose, and what makes one assertion differ from the next,
// which is signed and not secret.
var drawsLots = []string{
	"modules/emails/internal/email", "platform/cli", "platform/database/internal/mysql", "platform/events/rabbit",
	"platform/freeport", "platform/identity", "platform/network",
}

// Whatever must not be guessed comes from crypto/rand.
func TestSource_RandomIsCryptographic(t *testing.T) {
	t.Parallel()
	found := imports(t)
	drawing := map[string]bool{}
	for _, file := range slices.Concat(found["math/rand"], found["math/rand/v2"]) {
		drawing[path.Dir(file)] = true
		if !slices.Contains(drawsLots, path.Dir(file)) {
			t.Errorf("%s draws numbers that can be guessed", file)
		}
	}
	for _, dir := range drawsLots {
		if !drawing[dir] {
			t.Errorf("%s draws none any more: take it off the list", dir)
		}
	}
}

// usesSHA1 are the packages for which SHA-1 is somebody else's format and protects
// nothing here: lists of breached passwords are kept by it, and authenticator apps (RFC
// 6238) use HMAC-SHA-1.
var usesSHA1 = []string{"modules/users/internal/passwords"}

// Ciphers and hash functions are those that NIST still approves.
func TestSource_ApprovedCryptography(t *testing.T) {
	t.Parallel()
	found := imports(t)
	for _, banned := range []string{"crypto/md5", "crypto/des", "crypto/rc4", "golang.org/x/crypto/md4", "golang.org/x/crypto/blowfish"} {
		if files := found[banned]; len(files) > 0 {
			t.Errorf("%s is imported by %v", banned, files)
		}
	}
	for _, file := range found["crypto/sha1"] {
		if !slices.Contains(usesSHA1, path.Dir(file)) {
			t.Errorf("%s imports crypto/sha1", file)
		}
	}
	for name, file := range source(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"NewCBCEncrypter", "NewCFBEncrypter", "NewOFB", "EncryptPKCS1v15", "DecryptPKCS1v15"}, call.Sel.Name) {
				t.Errorf("%s uses %s", name, call.Sel.Name)
			}
			return true
		})
	}
}

// Nobody is trusted without a certificate that is good, and no protocol below TLS 1.2
// is spoken.
func TestSource_TLSIsVerified(t *testing.T) {
	t.Parallel()
	for name, file := range source(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch part := n.(type) {
			case *ast.Ident:
				if part.Name == "InsecureSkipVerify" {
					t.Errorf("%s mentions InsecureSkipVerify", name)
				}
			case *ast.CompositeLit:
				if selects(part.Type, "tls", "Config") && !sets(part, "MinVersion") {
					t.Errorf("%s has a tls.Config without MinVersion", name)
				}
			}
			return true
		})
	}
}

// A server that is asked cannot send the program elsewhere: every HTTP client says what
// to do about redirects.
func TestSource_RedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	clients := 0
	for name, file := range source(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch part := n.(type) {
			case *ast.CompositeLit:
				if selects(part.Type, "http", "Client") {
					clients++
					if !sets(part, "CheckRedirect") {
						t.Errorf("%s has an http.Client without CheckRedirect", name)
					}
				}
			case *ast.SelectorExpr:
				// `app health` asks the process that the operator named.
				if selects(part, "http", "DefaultClient") && name != "platform/cli/health.go" {
					t.Errorf("%s uses http.DefaultClient", name)
				}
			}
			return true
		})
	}
	if clients == 0 {
		t.Error("no http.Client found: is the tree read right?")
	}
}

func selects(e ast.Expr, pkg, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == pkg && s.Sel.Name == name
}

func sets(literal *ast.CompositeLit, field string) bool {
	return slices.ContainsFunc(literal.Elts, func(e ast.Expr) bool {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return false
		}
		key, ok := pair.Key.(*ast.Ident)
		return ok && key.Name == field
	})
}
