package passwords_test

import (
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"app/modules/users/internal/passwords"
)

// listed writes a list of so many passwords, with counts of different lengths, and
// returns its path.
func listed(t *testing.T, n int, end string) string {
	t.Helper()
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("%X:%d", sha1.Sum(fmt.Appendf(nil, "Password-%d", i)), i*i*i))
	}
	slices.Sort(lines)
	path := filepath.Join(t.TempDir(), "hashes.txt")
	if err := os.WriteFile(path, []byte(strings.Join(lines, end)+end), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBreached(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"\n", "\r\n"} {
		for _, n := range []int{1, 2, 3, 10, 1000} {
			list, err := passwords.OpenBreached(listed(t, n, end))
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				if has, err := list.Has(fmt.Sprintf("Password-%d", i)); err != nil || !has {
					t.Errorf("of %d number %d: %t, %v", n, i, has, err)
				}
				if has, err := list.Has(fmt.Sprintf("Other-%d", i)); err != nil || has {
					t.Errorf("of %d another: %t, %v", n, has, err)
				}
			}
			if got, err := (passwords.Policy{Breached: list}).Weakness("Password-0", ""); err != nil || got == "" {
				t.Errorf("%q, %v", got, err)
			}
		}
	}
}

func TestBreachedRefuses(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := passwords.OpenBreached(filepath.Join(folder, "none")); err == nil {
		t.Error("a file that is not there")
	}
	ordered, err := os.ReadFile(listed(t, 20, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(ordered)), "\n")
	slices.Reverse(lines)
	for name, text := range map[string]string{"Empty": "", "Plain": "secret\nhunter2\n", "Backwards": strings.Join(lines, "\n"), "Binary": strings.Repeat("\x00", 500)} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := passwords.OpenBreached(path); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// The commonest passwords are refused in any case, and dressed up as the rules of
// composition ask for it; without those rules as they are.
func TestCommonestPasswords(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("commonest.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if word := strings.TrimSpace(line); !strings.HasPrefix(word, "#") {
			n++
			for _, form := range []string{word, strings.ToUpper(word), strings.ToUpper(word[:1]) + word[1:]} {
				if !passwords.Common(form) {
					t.Fatalf("%s is not common", form)
				}
			}
			if got, err := (passwords.Policy{Long: true}).Weakness(word, ""); got == "" || err != nil {
				t.Errorf("%s: %q, %v", word, got, err)
			}
		}
	}
	if n < 3000 {
		t.Errorf("%d passwords", n)
	}
}

func TestLongPasswords(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]string{
		"correct horse battery": "", "пароль из многих слов": "", "twelve chars": "", "elevenchars": "at least 12", "Tru7k!nz": "at least 12",
		"password1234": "commonest", "souksoukbatterys": "besides",
	} {
		got, err := passwords.Policy{Long: true, Shop: []string{"souk"}}.Weakness(password, "ada@example.com")
		if err != nil || want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, %v", password, got, err)
		}
	}
}
