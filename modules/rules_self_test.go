package modules_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestRules breaks every rule once in a made-up tree.
func TestRules(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"modules/modules.go":                    source("modules", "app/modules/shop"),
		"modules/shop/module.go":                source("shop", "app/modules/bank/bankv1", "app/modules/bank/bankevents", "app/platform/rpc"),
		"modules/shop/shopv1/x.go":              source("shopv1", "app/modules/shop/shopevents"),
		"modules/shop/internal/a.go":            source("a", "app/modules/shop/internal/b", "app/modules/bank/internal/c"),
		"modules/bank/module.go":                source("bank", "app/modules/shop/shopv1", "app/modules/shop/shopevents", "app/modules/shop"),
		"modules/_template/module.go":           source("template", "app/modules/shop"),
		"modules/bank/migrations/0001.up.sql":   {Data: []byte("-- FROM shop_x\nCREATE TABLE bank_accounts (id INTEGER REFERENCES shop_orders (id) ON DELETE CASCADE);")},
		"modules/bank/migrations/0002.up.sql":   {Data: []byte("CREATE INDEX i ON bank_accounts (id);\nINSERT INTO bank_x SELECT id FROM bank_y;")},
		"platform/rpc/rpc.go":                   source("rpc", "app/modules/shop"),
		"platform/rpc/page.go":                  source("rpc", "html/template", "text/template/parse"),
		"platform/rpc/page_test.go":             source("rpc", "html/template"),
		"platform/scaffold/draft.go":            source("scaffold", "text/template"),
		"modules/shop/internal/cart/cart.go":    source("cart", "net/http", "app/platform/database", "app/platform/money"),
		"modules/shop/internal/cart/service.go": source("cart", "app/platform/database"),
		"modules/shop/internal/cart/rest.go":    {Data: []byte("package cart\nconst list = `SELECT id FROM shop_carts`")},
		"modules/bank/internal/till/till.go":    source("till", "app/platform/money"),
		"modules/bank/internal/till/service.go": source("till", "app/platform/database"),
		"main.go":                               source("main", "app/e2e/harness/shop"),
		"e2e/walk_test.go":                      source("e2e", "app/e2e/harness/shop", "app/e2e/faults", "app/bench/growth", "app/modules"),
		"e2e/harness/shop/shop.go":              source("shop", "app/e2e/harness/process", "app/e2e/faults", "app/platform/ids"),
		"bench/main.go":                         source("main", "app/e2e/harness/shop", "app/e2e/faults", "app/bench/growth"),
		"go.mod":                                {Data: []byte("module app\n\nrequire (\n\ta.example/x v1.0.0\n\ta.example/y v1.0.0 // indirect\n)\n")},
		"e2e/go.mod":                            {Data: []byte("module app/e2e\n\nrequire (\n\ta.example/x v1.0.0\n\ta.example/z v1.1.0\n)\n")},
		"bench/go.mod":                          {Data: []byte("module app/bench\n\nrequire (\n\ta.example/y v1.1.0\n)\n")},
		"modules/shop/internal/testdata/bad.go": {Data: []byte("not Go")},
	}
	p := policy{
		calls:      map[string][]string{"shop": {"bank"}, "gone": nil},
		subscribes: map[string][]string{"shop": {"bank"}},
	}
	for name, c := range map[string]struct {
		rule func() ([]string, error)
		want []string
	}{
		"listed": {p.listed(tree), []string{
			"modules/modules.go: add the import \"app/modules/bank\" and, in All, the line\n\t\tbank.New(),",
			"modules/boundaries_test.go: add to calls the line\n\t\"bank\": nil,",
			"modules/boundaries_test.go: add to subscribes the line\n\t\"bank\": nil,",
			`modules/boundaries_test.go: "gone" is in the maps, but there is no modules/gone/module.go`,
		}},
		"imports": {p.imports(tree), []string{
			"modules/bank/module.go: imports app/modules/shop/shopv1: bank calls shop, which its line in calls does not allow",
			"modules/bank/module.go: imports app/modules/shop/shopevents: bank subscribes to shop, which its line in subscribes does not allow",
			"modules/bank/module.go: imports app/modules/shop: app/modules/shop is not a contract: of another module only shopv1 and shopevents may be imported",
			"modules/shop/internal/a.go: imports app/modules/bank/internal/c: app/modules/bank/internal/c is not a contract: of another module only bankv1 and bankevents may be imported",
		}},
		"bases": {bases(tree), []string{
			"platform/rpc/rpc.go: imports app/modules/shop: the platform knows no module",
			"modules/shop/shopv1/x.go: imports app/modules/shop/shopevents: a contract imports no module",
		}},
		"templates": {templates(tree), []string{
			"platform/rpc/page.go: imports html/template: app/platform/markup fills templates, in a program that is smaller for it",
		}},
		"apart": {apart(tree), []string{
			"main.go: imports app/e2e/harness/shop: the program does not know e2e/harness",
			"e2e/harness/shop/shop.go: imports app/e2e/faults: e2e/harness does not know e2e",
			"e2e/walk_test.go: imports app/bench/growth: e2e does not know bench",
			"bench/main.go: imports app/e2e/faults: bench does not know e2e",
		}},
		"sameVersions": {sameVersions(tree), []string{
			"bench/go.mod: requires a.example/y v1.1.0, the program v1.0.0",
		}},
		"domains": {domains(tree, []string{"modules/bank/internal/till"}), []string{
			"modules/shop/internal/cart/cart.go: imports net/http: move what needs it to modules/shop/internal/cart/service.go or store.go",
			"modules/shop/internal/cart/cart.go: imports app/platform/database: move what needs it to modules/shop/internal/cart/service.go or store.go",
			`modules/subjects_test.go: take "modules/bank/internal/till" off undivided`,
		}},
		"handlers": {handlers(tree), []string{
			"modules/shop/internal/cart/rest.go: SELECT id FROM: statements belong into store.go",
		}},
		"migrations": {migrations(tree), []string{
			"modules/bank/migrations/0001.up.sql: table shop_orders does not begin with bank_",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.rule()
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("err %v, complaints (-want +got):\n%s", err, diff)
			}
		})
	}
}

func source(pkg string, imports ...string) *fstest.MapFile {
	text := "package " + pkg + "\n"
	for _, i := range imports {
		text += "import _ \"" + i + "\"\n"
	}
	return &fstest.MapFile{Data: []byte(text)}
}
