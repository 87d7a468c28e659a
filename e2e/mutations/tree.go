package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// tree is a copy of the repository's files, without its history, that may be broken at
// will. All mutations of a run share it, one after another: a copy each would be
// compiled from nothing each.
type tree struct{ dir string }

// copyTree copies the files of a commit or, when rev is empty, those that git would
// see, committed or not.
func copyTree(ctx context.Context, root, rev string) (*tree, error) {
	dir, err := os.MkdirTemp("", "souk-mutations-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	t := &tree{dir}
	if rev == "" {
		err = t.fromFiles(ctx, root)
	} else {
		err = t.fromCommit(ctx, root, rev)
	}
	if err != nil {
		t.remove()
		return nil, fmt.Errorf("copy tree: %w", err)
	}
	return t, nil
}

func (t *tree) remove() { _ = os.RemoveAll(t.dir) } // what is left is in the temporary folder

func (t *tree) fromFiles(ctx context.Context, root string) error {
	list, err := output(ctx, root, nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		source := filepath.Join(root, filepath.FromSlash(name))
		info, err := os.Stat(source)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted and not committed
		}
		if err != nil {
			return err
		}
		file, err := os.Open(source)
		if err != nil {
			return err
		}
		if err := t.put(name, info.Mode(), file); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) fromCommit(ctx context.Context, root, rev string) error {
	packed, err := output(ctx, root, nil, "git", "archive", "--format=tar", rev)
	if err != nil {
		return err
	}
	files := tar.NewReader(bytes.NewReader(packed))
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := t.put(h.Name, h.FileInfo().Mode(), files); err != nil {
			return err
		}
	}
}

func (t *tree) put(name string, mode fs.FileMode, content io.Reader) error {
	target := filepath.Join(t.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode.Perm()|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// apply applies the patch, which changes the named files. restore puts them back as they
// were: a reversed patch with a line of context might find another place in them.
func (t *tree) apply(ctx context.Context, patch []byte, files []string) (restore func() error, err error) {
	before := map[string][]byte{}
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join(t.dir, filepath.FromSlash(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		before[name] = content
	}
	if _, err := output(ctx, t.dir, patch, "git", "apply", "--verbose", "-"); err != nil {
		return nil, err
	}
	return func() error { return t.write(before) }, nil
}

// write gives files a content; nil takes a file away.
func (t *tree) write(files map[string][]byte) error {
	var failed []error
	for name, content := range files {
		file := filepath.Join(t.dir, filepath.FromSlash(name))
		if content == nil {
			failed = append(failed, os.Remove(file))
		} else {
			failed = append(failed, os.WriteFile(file, content, 0o600))
		}
	}
	return errors.Join(failed...)
}

// build compiles the changed packages, so that what does not compile is not taken for a
// test that fails.
func (t *tree) build(ctx context.Context, dirs []string) error {
	args := []string{"build"}
	for _, d := range dirs {
		if sources, _ := filepath.Glob(filepath.Join(t.dir, d, "*.go")); len(sources) > 0 {
			args = append(args, "./"+d)
		}
	}
	if len(args) == 1 {
		return nil
	}
	_, err := output(ctx, t.dir, nil, "go", args...)
	return err
}

// output runs a command; its error has what the command said.
func output(ctx context.Context, dir string, input []byte, name string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Stdin = dir, bytes.NewReader(input)
	// git must not take the copy for a part of a repository around it: it would skip
	// every file.
	c.Env = append(c.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, said.String())
	}
	return out, nil
}
