package edge

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"app/platform/operation"
	"app/platform/problem"
)

// Entry is one public operation and how to serve it.
type Entry struct {
	Module    string
	Operation operation.Operation
	// Remote tells that the module is in another process, which may not answer: the
	// gateway minds the time itself. A module in this process keeps to the operation's
	// time-out.
	Remote bool
	// Serve answers a request that has passed the gateway. The path's parameters are
	// its path values, unless the module is Remote: that gets the path itself. The
	// operation is the entry's, to be read only.
	Serve func(w http.ResponseWriter, r *http.Request, op *operation.Operation)
}

// Table finds the operation of a request; what is not in it does not exist outside. It
// is a tree of path segments in which a literal goes before a parameter: every request
// of the shop passes here, and gorilla/mux took 4.75 us to match one of 120 routes
// while net/http refuses /v1/payments/webhooks/{provider} beside
// /v1/payments/{id}/refund.
type Table struct{ root node }

// node is what may follow a part of a path.
type node struct {
	literals  map[string]*node
	parameter *node
	methods   map[string]*leaf // of the path that ends here
}

// leaf is an operation and the names of the parameters on the way to it.
type leaf struct {
	entry *Entry
	names []string
}

// NewTable compiles the entries. It panics when two are for the same requests: a defect
// of the program.
func NewTable(entries []*Entry) *Table {
	t := &Table{}
	for _, e := range entries {
		n, l := &t.root, &leaf{entry: e}
		for segment := range strings.SplitSeq(e.Operation.Path[1:], "/") {
			if strings.HasPrefix(segment, "{") {
				l.names = append(l.names, strings.Trim(segment, "{}"))
			}
			n = n.childFor(segment)
		}
		n.addOperation(l)
	}
	return t
}

// childFor returns the node for a segment of a template.
func (n *node) childFor(segment string) *node {
	if strings.HasPrefix(segment, "{") {
		if n.parameter == nil {
			n.parameter = &node{}
		}
		return n.parameter
	}
	if n.literals == nil {
		n.literals = map[string]*node{}
	}
	if n.literals[segment] == nil {
		n.literals[segment] = &node{}
	}
	return n.literals[segment]
}

// addOperation adds an operation. HEAD is GET without the body (RFC 9110 section
// 9.3.2).
func (n *node) addOperation(l *leaf) {
	op := l.entry.Operation
	methods := []string{op.Method}
	if op.Method == http.MethodGet {
		methods = append(methods, http.MethodHead)
	}
	for _, method := range methods {
		if n.methods == nil {
			n.methods = map[string]*leaf{}
		}
		if n.methods[method] != nil {
			panic("two operations for " + method + " " + op.Path)
		}
		n.methods[method] = l
	}
}

// findNode walks down the path and collects the values of parameters. A literal that
// leads nowhere gives way to a parameter.
func (n *node) findNode(path string, values []string) (*node, []string) {
	segment, rest, more := strings.Cut(path, "/")
	try := func(next *node, values []string) (*node, []string) {
		switch {
		case next == nil:
			return nil, nil
		case more:
			return next.findNode(rest, values)
		case next.methods == nil:
			return nil, nil
		}
		return next, values
	}
	if found, values := try(n.literals[segment], values); found != nil {
		return found, values
	}
	if segment == "" {
		return nil, nil
	}
	return try(n.parameter, append(values, segment))
}

// Find returns the entry for a request and sets its path values, unless it is Remote,
// or what to answer instead: 404, or 405 with the methods the path has.
func (t *Table) Find(r *http.Request) (*Entry, *problem.Problem, []string) {
	n, values := t.root.findNode(r.URL.Path[1:], nil)
	if n == nil {
		return nil, problem.New(http.StatusNotFound, "route_not_found", "There is no operation at this path."), nil
	}
	l := n.methods[r.Method]
	if l == nil {
		allow := n.allowedMethods()
		detail := "This path is for " + strings.Join(allow, ", ") + "."
		return nil, problem.New(http.StatusMethodNotAllowed, "method_not_allowed", detail), allow
	}
	if !l.entry.Remote {
		for i, name := range l.names {
			r.SetPathValue(name, values[i])
		}
	}
	return l.entry, nil, nil
}

// Methods lists what a path takes, nil when there is no such path.
func (t *Table) Methods(path string) []string {
	if n, _ := t.root.findNode(path[1:], nil); n != nil {
		return n.allowedMethods()
	}
	return nil
}

func (n *node) allowedMethods() []string { return slices.Sorted(maps.Keys(n.methods)) }
