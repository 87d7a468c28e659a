//go:build ignore

// commonest_gen makes commonest.txt from a list of passwords as a JSON array, the
// commonest first.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

func main() {
	var all []string
	if err := json.NewDecoder(os.Stdin).Decode(&all); err != nil {
		log.Fatal(err)
	}
	var out []string
	for _, p := range all {
		p = strings.ToLower(p)
		n := utf8.RuneCountInString(p)
		if n >= 12 || n >= 8 && len(out) < 3000 {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	fmt.Println(strings.Join(slices.Compact(out), "\n"))
}
