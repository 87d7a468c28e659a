package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// mutation is one patch and what its header says:
//
//	# breaks: the rule, in words
//	# expect: go test ./platform/events -run TestX -count=1
//
// Each expected command, of which there may be several, must fail on its own.
type mutation struct {
	name   string
	breaks string
	expect []command
	patch  []byte
}

// readAll reads the patches of a folder, in the order of their names, that begin with
// one of the prefixes, which have commas between them.
func readAll(dir fs.FS, prefixes string) ([]mutation, error) {
	var names []string
	for prefix := range strings.SplitSeq(prefixes, ",") {
		found, err := fs.Glob(dir, prefix+"*.patch")
		if err != nil {
			return nil, fmt.Errorf("list patches: %w", err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("no patch begins with %q", prefix)
		}
		names = append(names, found...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	var out []mutation
	var wrong []error
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("read patch: %w", err)
		}
		m, err := parse(strings.TrimSuffix(name, ".patch"), text)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
		}
		out = append(out, m)
	}
	return out, errors.Join(wrong...)
}

func parse(name string, text []byte) (mutation, error) {
	m := mutation{name: name, patch: text}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if rule, ok := strings.CutPrefix(line, "# breaks: "); ok {
			m.breaks = rule
		}
		if words, ok := strings.CutPrefix(line, "# expect: "); ok {
			c := command(strings.Fields(words))
			if err := c.check(); err != nil {
				return m, err
			}
			m.expect = append(m.expect, c)
		}
	}
	switch {
	case m.breaks == "":
		return m, errors.New("no line '# breaks: the rule'")
	case len(m.expect) == 0:
		return m, errors.New("no line '# expect: go test ./package -run TestX -count=1'")
	case len(m.packages()) == 0:
		return m, errors.New("changes no file")
	}
	return m, nil
}

// files lists what the patch changes or makes.
func (m mutation) files() (out []string) {
	for line := range strings.Lines(string(m.patch)) {
		if file, ok := strings.CutPrefix(strings.TrimSpace(line), "+++ b/"); ok {
			out = append(out, file)
		}
	}
	return out
}

// packages lists the folders of the Go files that the patch changes; those without Go
// files are left out by build.
func (m mutation) packages() []string {
	var out []string
	for _, file := range m.files() {
		out = append(out, path.Dir(file))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
