package template

import (
	"fmt"
	"strings"
	"text/template/parse"
)

// Stored is a template in the language of Amazon SES, Handlebars, filled with the same
// data.
type Stored struct{ Subject, Text, HTML string }

// Handlebars translates the template for a service that renders by itself. The data is
// that of Rendered: everything in the reader's language already, so that fields,
// conditions and lists are all that has to be translated.
func (t Template) Handlebars(locale string) (s Stored, err error) {
	folder := "templates/" + locale + "/"
	text, err := parseTrees(folder + t.Name + ".txt")
	if err != nil {
		return s, err
	}
	html, err := parseTrees(folder+"layout.html", folder+t.Name+".html")
	if err != nil {
		return s, err
	}
	for _, part := range []struct {
		into  *string
		trees map[string]*parse.Tree
		root  string
		field string // how a field is written: two braces escape for HTML, three do not
	}{
		{&s.Subject, text, "subject", "{{{%s}}}"}, {&s.Text, text, "body", "{{{%s}}}"}, {&s.HTML, html, folder + "layout.html", "{{%s}}"},
	} {
		tr := translator{trees: part.trees, field: part.field}
		if err := tr.translateList(part.trees[part.root].Root); err != nil {
			return s, fmt.Errorf("translate %s: %w", t.Name, err)
		}
		*part.into = strings.TrimSpace(tr.out.String())
	}
	return s, nil
}

func parseTrees(paths ...string) (map[string]*parse.Tree, error) {
	trees := map[string]*parse.Tree{}
	for _, path := range paths {
		raw, err := files.ReadFile(path)
		if err != nil {
			return nil, err
		}
		found, err := parse.Parse(path, string(raw), "", "")
		if err != nil {
			return nil, err
		}
		for name, tree := range found {
			trees[name] = tree
		}
	}
	return trees, nil
}

type translator struct {
	trees map[string]*parse.Tree
	field string
	out   strings.Builder
}

func (t *translator) translateList(l *parse.ListNode) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := t.translateNode(n); err != nil {
			return err
		}
	}
	return nil
}

func (t *translator) translateNode(n parse.Node) error {
	switch n := n.(type) {
	case *parse.TextNode:
		t.out.Write(n.Text)
		return nil
	case *parse.ActionNode:
		name, err := singleFieldName(n.Pipe)
		if err == nil {
			fmt.Fprintf(&t.out, t.field, name)
		}
		return err
	case *parse.IfNode:
		return t.translateBlock("if", "if", n.Pipe, n.List, n.ElseList)
	case *parse.RangeNode:
		return t.translateBlock("each", "each", n.Pipe, n.List, n.ElseList)
	case *parse.TemplateNode:
		tree, ok := t.trees[n.Name]
		if !ok {
			return fmt.Errorf("no template %q", n.Name)
		}
		return t.translateList(tree.Root)
	}
	return fmt.Errorf("%q has no counterpart", n)
}

func (t *translator) translateBlock(open, end string, pipe *parse.PipeNode, yes, no *parse.ListNode) error {
	name, err := singleFieldName(pipe)
	if err != nil {
		return err
	}
	fmt.Fprintf(&t.out, "{{#%s %s}}", open, name)
	if err := t.translateList(yes); err != nil {
		return err
	}
	if no != nil {
		t.out.WriteString("{{else}}")
		if err := t.translateList(no); err != nil {
			return err
		}
	}
	fmt.Fprintf(&t.out, "{{/%s}}", end)
	return nil
}

// singleFieldName reads a pipe that is one field, as in {{.first_name}}.
func singleFieldName(pipe *parse.PipeNode) (string, error) {
	if len(pipe.Decl) == 0 && len(pipe.Cmds) == 1 && len(pipe.Cmds[0].Args) == 1 {
		if f, ok := pipe.Cmds[0].Args[0].(*parse.FieldNode); ok && len(f.Ident) == 1 {
			return f.Ident[0], nil
		}
	}
	return "", fmt.Errorf("%q is more than a field", pipe)
}
