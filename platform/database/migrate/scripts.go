package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"sort"
	"strings"

	"app/platform/database"
)

// script is one migration file as it applies to the engine at hand.
type script struct {
	id       string
	sql      string
	checksum string
	replace  *replaceChecks // when that is what the file says
}

var fileName = regexp.MustCompile(`^([0-9]{4}_[a-z0-9_]+?)(?:\.(mysql|sqlite))?\.up\.sql$`)

// loadScripts reads all sets in order, choosing the engine's own files over the common
// ones.
func loadScripts(engine database.Engine, sets []fs.FS) ([]script, error) {
	var all []script
	seen := make(map[string]bool)
	for _, set := range sets {
		scripts, err := loadSet(engine, set)
		if err != nil {
			return nil, err
		}
		for _, s := range scripts {
			if seen[s.id] {
				return nil, fmt.Errorf("migration %s exists in two sets: name one of them", s.id)
			}
			seen[s.id] = true
		}
		all = append(all, scripts...)
	}
	return all, nil
}

func loadSet(engine database.Engine, set fs.FS) ([]script, error) {
	prefix := ""
	if name := database.NameOf(set); name != "" {
		prefix = name + "/"
	}
	files, err := chooseFiles(engine, set)
	if err != nil {
		return nil, err
	}
	scripts := make([]script, 0, len(files))
	for id, file := range files {
		s, err := loadScript(set, prefix+id, file)
		if err != nil {
			return nil, err
		}
		scripts = append(scripts, s)
	}
	sort.Slice(scripts, func(i, j int) bool { return scripts[i].id < scripts[j].id })
	return scripts, nil
}

// chooseFiles maps each id to the file that applies. A misspelt name is an error: the
// file would never run.
func chooseFiles(engine database.Engine, set fs.FS) (map[string]string, error) {
	names, err := fs.Glob(set, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	chosen := make(map[string]string)
	for _, name := range names {
		if strings.HasSuffix(name, ".down.sql") {
			continue
		}
		part := fileName.FindStringSubmatch(name)
		if part == nil {
			return nil, fmt.Errorf("migration %s: the name must look like 0001_create_items.up.sql", name)
		}
		if id, only := part[1], database.Engine(part[2]); only == engine || only == "" && chosen[id] == "" {
			chosen[id] = name
		}
	}
	return chosen, nil
}

func loadScript(set fs.FS, id, file string) (script, error) {
	content, err := fs.ReadFile(set, file)
	if err != nil {
		return script{}, fmt.Errorf("migration %s: %w", id, err)
	}
	text := string(content)
	if n := countStatements(text); n != 1 {
		return script{}, fmt.Errorf("migration %s: %s holds %d statements, want one per file", id, file, n)
	}
	replace, err := parseReplaceChecks(text)
	if err != nil {
		return script{}, fmt.Errorf("migration %s: %w", id, err)
	}
	sum := sha256.Sum256(content)
	return script{id: id, sql: text, replace: replace, checksum: hex.EncodeToString(sum[:])}, nil
}

// countStatements counts what the semicolons outside of quotes and comments separate.
func countStatements(text string) int {
	count, pending := 0, false
	for len(text) > 0 {
		n := tokenLength(text)
		switch token := text[:n]; {
		case token == ";":
			if pending {
				count++
			}
			pending = false
		case !isBlank(token):
			pending = true
		}
		text = text[n:]
	}
	if pending {
		count++
	}
	return count
}

// tokenLength measures the quoted text, the comment or the single byte that text starts
// with.
func tokenLength(text string) int {
	var open, end string
	switch {
	case strings.HasPrefix(text, "--"):
		open, end = "--", "\n"
	case strings.HasPrefix(text, "/*"):
		open, end = "/*", "*/"
	case strings.ContainsAny(text[:1], "'\"`"):
		open, end = text[:1], text[:1]
	default:
		return 1
	}
	if i := strings.Index(text[len(open):], end); i >= 0 {
		return len(open) + i + len(end)
	}
	return len(text)
}

func isBlank(token string) bool {
	return strings.HasPrefix(token, "--") || strings.HasPrefix(token, "/*") || strings.TrimSpace(token) == ""
}
