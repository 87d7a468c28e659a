package draft

import (
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// addLines puts the changed list, policy and map among the files to write.
func addLines(root, name string, files map[string][]byte) error {
	for path, edit := range map[string]func(source []byte, name string) ([]byte, error){
		listFile: addToList, policyFile: addToPolicy, mapFile: addToMap,
	} {
		source, err := os.ReadFile(filepath.Join(root, path))
		if err == nil {
			files[path], err = edit(source, name)
		}
		if err != nil {
			return fmt.Errorf("register in %s: %w", path, err)
		}
	}
	return nil
}

// addToList imports the module and makes it in All.
func addToList(source []byte, name string) ([]byte, error) {
	return insertTexts(source, func(file *ast.File) (map[token.Pos]string, error) {
		imports := importsOf(file)
		list := listIn(functionOf(file, "All"))
		if imports == nil || list == nil {
			return nil, errors.New("no imports, or no list in All")
		}
		return map[token.Pos]string{
			imports.Rparen: fmt.Sprintf("\t%q\n", "app/modules/"+name),
			list.Rbrace:    fmt.Sprintf("\t%s.New(),\n\t", name),
		}, nil
	})
}

// addToPolicy gives the module a line in the two maps.
func addToPolicy(source []byte, name string) ([]byte, error) {
	return insertTexts(source, func(file *ast.File) (map[token.Pos]string, error) {
		out := map[token.Pos]string{}
		for _, variable := range []string{"calls", "subscribes"} {
			list := listIn(variableOf(file, variable))
			if list == nil {
				return nil, fmt.Errorf("no map %s", variable)
			}
			out[list.Rbrace] = fmt.Sprintf("\t%q: nil,\n", name)
		}
		return out, nil
	})
}

// mapRows finds the map of the modules, from its head to its last row.
var mapRows = regexp.MustCompile(`(?m)^\| module \|.*\n(?:\|.*\n)+`)

// addToMap gives the module the last row of the map, for what its template has.
func addToMap(document []byte, name string) ([]byte, error) {
	rows := mapRows.FindIndex(document)
	if rows == nil {
		return nil, errors.New("no table that begins with | module |")
	}
	return slices.Insert(document, rows[1], fmt.Appendf(nil, "| %s | items | - | - | - |\n", name)...), nil
}

// insertTexts parses the source, puts texts before the positions that where finds, and
// formats the result.
func insertTexts(source []byte, where func(*ast.File) (map[token.Pos]string, error)) ([]byte, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	texts, err := where(file)
	if err != nil {
		return nil, err
	}
	places := make([]token.Pos, 0, len(texts))
	for at := range texts {
		places = append(places, at)
	}
	slices.Sort(places)
	for _, at := range slices.Backward(places) {
		source = slices.Insert(source, set.Position(at).Offset, []byte(texts[at])...)
	}
	return format.Source(source)
}

func importsOf(file *ast.File) *ast.GenDecl {
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT && g.Lparen.IsValid() {
			return g
		}
	}
	return nil
}

func functionOf(file *ast.File, name string) ast.Node {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == name {
			return f
		}
	}
	return nil
}

func variableOf(file *ast.File, name string) ast.Node {
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			if v, ok := s.(*ast.ValueSpec); ok && v.Names[0].Name == name {
				return v
			}
		}
	}
	return nil
}

// listIn finds the first composite literal below a node, nil when there is none.
func listIn(n ast.Node) (found *ast.CompositeLit) {
	if n == nil {
		return nil
	}
	ast.Inspect(n, func(n ast.Node) bool {
		if list, ok := n.(*ast.CompositeLit); ok && found == nil {
			found = list
		}
		return found == nil
	})
	return found
}
