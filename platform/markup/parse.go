package markup

import (
	"errors"
	"fmt"
	"text/template/parse"
)

// place follows where in its output a template is.
type place interface {
	// text passes over text of the template.
	text(s string) error
	// field says how a field is escaped here. An error: none may be here.
	field() (func(string) string, error)
	// between reports whether this is between tags, where other templates fit and every
	// template begins and ends.
	between() bool
	// mark returns what differs between places that are not alike, for blocks, which
	// must end where they began.
	mark() any
}

// anywhere is the place in a text that is not HTML.
type anywhere struct{}

func (anywhere) text(string) error                   { return nil }
func (anywhere) field() (func(string) string, error) { return func(s string) string { return s }, nil }
func (anywhere) between() bool                       { return true }
func (anywhere) mark() any                           { return nil }

type parser struct {
	trees    map[string]*parse.Tree
	newPlace func() place
	open     map[string]bool // being read now, to find templates that use themselves
	done     map[string][]node
}

func parseSet(sources []Source, newPlace func() place) (*Set, error) {
	p := parser{trees: map[string]*parse.Tree{}, newPlace: newPlace, open: map[string]bool{}, done: map[string][]node{}}
	for _, source := range sources {
		found, err := parse.Parse(source.Name, source.Text, "", "")
		if err != nil {
			return nil, err
		}
		for name, tree := range found {
			if p.trees[name] != nil {
				return nil, fmt.Errorf("%s: there are two templates %q", source.Name, name)
			}
			p.trees[name] = tree
		}
	}
	for name := range p.trees {
		if _, err := p.parseTemplate(name); err != nil {
			return nil, err
		}
	}
	return &Set{p.done}, nil
}

func (p *parser) parseTemplate(name string) ([]node, error) {
	if nodes, ok := p.done[name]; ok {
		return nodes, nil
	}
	tree, ok := p.trees[name]
	if !ok || p.open[name] {
		return nil, fmt.Errorf("there is no template %q that could be used here", name)
	}
	p.open[name] = true
	at := p.newPlace()
	nodes, err := p.parseList(tree.Root, at)
	if err == nil && !at.between() {
		err = errors.New("it ends within a tag")
	}
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	p.done[name] = nodes
	return nodes, nil
}

func (p *parser) parseList(l *parse.ListNode, at place) (out []node, err error) {
	if l == nil {
		return nil, nil
	}
	for _, n := range l.Nodes {
		nodes, err := p.parseNode(n, at)
		if err != nil {
			return nil, err
		}
		out = append(out, nodes...)
	}
	return out, nil
}

func (p *parser) parseNode(n parse.Node, at place) ([]node, error) {
	switch n := n.(type) {
	case *parse.TextNode:
		return []node{{text: string(n.Text)}}, at.text(string(n.Text))
	case *parse.ActionNode:
		name, err := fieldOf(n.Pipe)
		if err != nil {
			return nil, err
		}
		escape, err := at.field()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
		return []node{{field: name, escape: escape}}, nil
	case *parse.IfNode:
		return p.parseBlock(condition, &n.BranchNode, at)
	case *parse.RangeNode:
		return p.parseBlock(list, &n.BranchNode, at)
	case *parse.TemplateNode:
		if _, same := soleArgument(n.Pipe).(*parse.DotNode); !same || !at.between() {
			return nil, fmt.Errorf("%s: a template is used between tags, and with the same fields", n)
		}
		return p.parseTemplate(n.Name)
	}
	return nil, fmt.Errorf("%s is not known here", n)
}

func (p *parser) parseBlock(kind block, n *parse.BranchNode, at place) ([]node, error) {
	name, err := fieldOf(n.Pipe)
	if err != nil {
		return nil, err
	}
	out, before := node{field: name, block: kind}, at.mark()
	for _, part := range []struct {
		from *parse.ListNode
		into *[]node
	}{{n.List, &out.yes}, {n.ElseList, &out.no}} {
		if *part.into, err = p.parseList(part.from, at); err != nil {
			return nil, err
		}
		if at.mark() != before {
			return nil, fmt.Errorf("the block of .%s ends in another place than it begins", name)
		}
	}
	return []node{out}, nil
}

// fieldOf reads a pipe that is one field, as in {{.first_name}}.
func fieldOf(pipe *parse.PipeNode) (string, error) {
	if f, ok := soleArgument(pipe).(*parse.FieldNode); ok && len(f.Ident) == 1 {
		return f.Ident[0], nil
	}
	return "", fmt.Errorf("%q is more than a field", pipe)
}

func soleArgument(pipe *parse.PipeNode) parse.Node {
	if pipe == nil || len(pipe.Decl) > 0 || len(pipe.Cmds) != 1 || len(pipe.Cmds[0].Args) != 1 {
		return nil
	}
	return pipe.Cmds[0].Args[0]
}
