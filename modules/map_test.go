package modules_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"app/modules"
	"app/platform/host"
	"app/platform/lifecycle"
)

const mapFile = "docs/architecture.md"

// TestMapFollowsTheDeclarations compares the map that people read with what `app
// modules` prints, and says the line to write. What a module owns is free text.
func TestMapFollowsTheDeclarations(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../" + mapFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range compareMap(mapOf(string(document)), modules.All()) {
		t.Error(line)
	}
}

// mapOf reads the rows of the map: the cells of each module, without its name.
func mapOf(document string) map[string][]string {
	rows := map[string][]string{}
	_, table, _ := strings.Cut(document, "\n| module |")
	table, _, _ = strings.Cut(table, "\n\n")
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows[cells[0]] = cells[1:]
	}
	delete(rows, "---")
	delete(rows, "owns") // the head, whose first cell was cut off
	return rows
}

// compareMap spells out the lines that are not as the modules declare.
func compareMap(rows map[string][]string, all []lifecycle.Module) (broken []string) {
	for _, m := range all {
		want := []string{cell(callees(m)), cell(heard(m)), cell(emitted(m))}
		got := rows[m.Name()]
		owns := "what it owns, in a few words"
		if len(got) > 0 {
			owns = got[0]
		}
		if len(got) != 4 || !slices.EqualFunc(got[1:], want, sameWords) {
			broken = append(broken, fmt.Sprintf("%s: the line of %s is to be\n| %s | %s | %s |",
				mapFile, m.Name(), m.Name(), owns, strings.Join(want, " | ")))
		}
		delete(rows, m.Name())
	}
	for _, name := range sorted(keys(rows)) {
		broken = append(broken, fmt.Sprintf("%s: there is no module %s: take its line out", mapFile, name))
	}
	return broken
}

func emitted(m lifecycle.Module) (names []string) {
	if e, ok := m.(host.Emitter); ok {
		for _, message := range e.Emits() {
			names = append(names, string(message.ProtoReflect().Descriptor().Name()))
		}
	}
	return names
}

// cell is a list as the map has it.
func cell(words []string) string { return cmp.Or(strings.Join(words, ", "), "-") }

// sameWords reports whether two cells have the same words in any order.
func sameWords(a, b string) bool {
	return slices.Equal(sorted(strings.Split(a, ", ")), sorted(strings.Split(b, ", ")))
}

// TestMapRules breaks the map in every way once.
func TestMapRules(t *testing.T) {
	t.Parallel()
	rows := mapOf("# Map\n\n| module | owns | calls | subscribes to | emits |\n|---|---|---|---|---|\n| shop | goods | bank | - | Sold |\n| gone | - | - | - | - |\n\nText.\n")
	got := compareMap(rows, []lifecycle.Module{namedModule("shop"), namedModule("bank")})
	want := []string{
		mapFile + ": the line of shop is to be\n| shop | goods | - | - | - |",
		mapFile + ": the line of bank is to be\n| bank | what it owns, in a few words | - | - | - |",
		mapFile + ": there is no module gone: take its line out",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if !sameWords("Paid, Placed", "Placed, Paid") || sameWords("Paid", "Placed, Paid") {
		t.Error("words are compared as a set")
	}
}

// namedModule declares nothing but its name.
type namedModule string

func (m namedModule) Name() string { return string(m) }
