package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// sections has, for each section of OWASP ASVS 5.0.0, the numbers of its requirements
// of level 1 and 2.
var sections = map[string]string{
	"1.1": "1-2", "1.2": "1-9", "1.3": "1-11", "1.4": "1-3", "1.5": "1-2",
	"2.1": "1-3", "2.2": "1-3", "2.3": "1-4", "2.4": "1",
	"3.2": "1-2", "3.3": "1-4", "3.4": "1-6", "3.5": "1-5", "3.7": "1-2",
	"4.1": "1-3", "4.2": "1", "4.3": "1-2", "4.4": "1-4",
	"5.1": "1", "5.2": "1-3", "5.3": "1-2", "5.4": "1-3",
	"6.1": "1-3", "6.2": "1-12", "6.3": "1-4", "6.4": "1-4", "6.5": "1-5", "6.6": "1-3", "6.8": "1-4",
	"7.1": "1-3", "7.2": "1-4", "7.3": "1-2", "7.4": "1-5", "7.5": "1-2", "7.6": "1-2",
	"8.1": "1-2", "8.2": "1-3", "8.3": "1", "8.4": "1",
	"9.1": "1-3", "9.2": "1-4",
	"10.1": "1-2", "10.2": "1-2", "10.3": "1-4", "10.4": "1-11", "10.5": "1-5", "10.6": "1-2", "10.7": "1-3",
	"11.1": "1-2", "11.2": "1-3", "11.3": "1-3", "11.4": "1-4", "11.5": "1", "11.6": "1",
	"12.1": "1-3", "12.2": "1-2", "12.3": "1-4",
	"13.1": "1", "13.2": "1-5", "13.3": "1-2", "13.4": "1-5",
	"14.1": "1-2", "14.2": "1-4", "14.3": "1-3",
	"15.1": "1-3", "15.2": "1-3", "15.3": "1-7",
	"16.1": "1", "16.2": "1-5", "16.3": "1-4", "16.4": "1-3", "16.5": "1-3",
	"17.1": "1", "17.2": "1-4", "17.3": "1-2",
}

// requirements expands sections.
func requirements() map[string]bool {
	all := map[string]bool{}
	for section, numbers := range sections {
		from, to, ranged := strings.Cut(numbers, "-")
		if !ranged {
			to = from
		}
		for n := number(from); n <= number(to); n++ {
			all[fmt.Sprintf("%s.%d", section, n)] = true
		}
	}
	return all
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

var (
	// row is a line of the tables of requirements: which, in what state, and why.
	row = regexp.MustCompile(`^\| (\d+\.\d+\.\d+[^|]*) \| ([a-z ]+) \| (.*) \|$`)
	// span is one requirement or several that follow one another: "3.3.1 to 3.3.4".
	span = regexp.MustCompile(`(\d+\.\d+)\.(\d+)(?: to (\d+\.\d+)\.(\d+))?`)
)

// Each requirement of level 1 and 2 stands in docs/security.md once, with its state:
// what is met names a test, and everything else says why.
func TestASVS(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	all := requirements()
	if len(all) != 253 {
		t.Fatalf("%d requirements, and not 253", len(all))
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		cells := row.FindStringSubmatch(strings.TrimSpace(line))
		if cells == nil {
			continue
		}
		for _, id := range expand(cells[1]) {
			switch {
			case !all[id]:
				t.Errorf("%s is no requirement of level 1 or 2", id)
			case seen[id]:
				t.Errorf("%s stands there twice", id)
			}
			seen[id] = true
		}
		judge(t, cells[1], cells[2], cells[3])
	}
	for id := range all {
		if !seen[id] {
			t.Errorf("%s is missing", id)
		}
	}
}

// expand lists the requirements that a cell names.
func expand(cell string) (ids []string) {
	for _, m := range span.FindAllStringSubmatch(cell, -1) {
		to := m[2]
		if m[4] != "" {
			to = m[4]
		}
		for n := number(m[2]); n <= number(to); n++ {
			ids = append(ids, fmt.Sprintf("%s.%d", m[1], n))
		}
	}
	return ids
}

func judge(t *testing.T, which, state, why string) {
	t.Helper()
	tests := 0
	for _, word := range quoted.FindAllStringSubmatch(why, -1) {
		if named.MatchString(word[1]) {
			tests++
		}
	}
	switch state {
	case "met":
		if tests == 0 {
			t.Errorf("%s is met, and no test is named that shows it", which)
		}
	case "not applicable", "operator", "not met":
		if len(why) < 10 {
			t.Errorf("%s is %s, without a reason", which, state)
		}
	default:
		t.Errorf("%s: unknown state %q", which, state)
	}
}
