package database_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app/platform/database"
)

func TestOpenExplainsWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "note.txt")
	if err := os.WriteFile(file, []byte(strings.Repeat("this is a note, not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	locked := filepath.Join(dir, "locked")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		locked = "/sys" // where even the administrator may make no file
	}
	cases := []struct {
		name string
		o    database.Options
		want []string
	}{
		{"file that is no database", database.Options{URL: "sqlite://" + file}, []string{file, "not a SQLite database"}},
		{"folder in place of the file", database.Options{URL: "sqlite://" + dir}, []string{dir, "is a folder"}},
		{"folder that cannot be made", database.Options{DataDir: filepath.Join(file, "data")}, []string{file, "not a directory"}},
		{"folder that cannot be written", database.Options{DataDir: locked}, []string{locked, "not writable"}},
		{"path that a # cuts", database.Options{URL: "sqlite://" + dir + "/a#b.db"}, []string{"orders", "%23"}},
		{"path that a ? cuts", database.Options{URL: "sqlite:a?b.db"}, []string{"orders", "%3F"}},
		{"unknown scheme", database.Options{URL: "oracle://user:secret@host/db"}, []string{"orders", "oracle"}},
		{"no URL", database.Options{URL: "mysql://user:secret@host/%zz"}, []string{"orders", "not a URL"}},
		{"no schema", database.Options{URL: "mysql://user:secret@host/"}, []string{"orders", "schema"}},
		{"unknown parameter", database.Options{URL: "mysql://user:secret@host/db?ssl=1"}, []string{"orders", "ssl"}},
		{"no pool", database.Options{URL: "mysql://user:secret@host/db?conns=0"}, []string{"orders", `conns="0"`}},
		{"no time", database.Options{URL: "mysql://user:secret@host/db?lifetime=60"}, []string{"orders", `lifetime="60"`, "90s"}},
		{"unknown tls", database.Options{URL: "mysql://user:secret@host/db?tls=maybe"}, []string{"user@host:3306/db", "maybe"}},
		{"no server", database.Options{URL: "mysql://user:secret@127.0.0.1:1/db"}, []string{"user@127.0.0.1:1/db", "refused"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.o.Module = "orders"
			db, err := database.Open(t.Context(), c.o)
			if err == nil {
				_ = db.Close()
				t.Fatal("it opened")
			}
			for _, want := range append(c.want, "\n", "secret") {
				if has := strings.Contains(err.Error(), want); has != (want != "\n" && want != "secret") {
					t.Errorf("error %q: contains %q is %t", err, want, has)
				}
			}
		})
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"":                                 filepath.Join("data", "orders.db"),
		"sqlite:///var/lib/souk/orders.db": "/var/lib/souk/orders.db",
		"sqlite:var/orders%20new.db":       "var/orders new.db",
		"sqlite:///var/a%23b%3F.db":        "/var/a#b?.db",
		"mysql://o:p%40ss@db/orders":       "mysql://o@db:3306/orders",
		"mysql://o:p@db:3307/orders":       "mysql://o@db:3307/orders",
		"mysql://o:p@[::1]/orders":         "mysql://o@[::1]:3306/orders",
	} {
		l, err := database.ParseURL(raw, "data", "orders")
		if err != nil || l.String() != want {
			t.Errorf("ParseURL(%q) = %q, %v, want %q", raw, l, err, want)
		}
	}
}

func TestOpenMakesThePrivateFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "with space", "da%ta?x")
	db, err := database.Open(t.Context(), database.Options{Module: "orders", DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v, want it for its owner only", info.Mode(), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "orders.db")); err != nil {
		t.Error(err)
	}
}
