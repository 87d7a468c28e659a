package modules_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules"
	"app/modules/users/usersv1"
	"app/platform/host"
)

// TestScopes compares the scopes that operations declare with those that keys can be
// made for, by the contract of users and by the public document.
func TestScopes(t *testing.T) {
	t.Parallel()
	declared := []string{}
	for _, route := range host.Routes(modules.All()) {
		if scope := string(route.Operation.Scope); scope != "" {
			declared = append(declared, scope)
		}
	}
	if diff := cmp.Diff(sorted(declared), sorted(usersv1.Scopes())); diff != "" {
		t.Errorf("scopes (-operations +usersv1.Scopes):\n%s", diff)
	}
	if diff := cmp.Diff(usersv1.Scopes(), documentedScopes(t)); diff != "" {
		t.Errorf("scopes (-usersv1.Scopes +public document):\n%s", diff)
	}
}

// documentedScopes are the values of a new key's scopes in the public document.
func documentedScopes(t *testing.T) []string {
	t.Helper()
	raw, err := host.OpenAPI(modules.All())
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Items struct{ Enum []string }
				}
			}
		}
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	for _, schema := range document.Components.Schemas {
		if enum := schema.Properties["scopes"].Items.Enum; len(enum) > 0 {
			return slices.Clone(enum)
		}
	}
	return nil
}
