package e2e_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"app/e2e/harness/invariants"
	"app/e2e/harness/shop"
	"app/platform/config"
	"app/platform/database/dbtest"
)

// A shop moves from SQLite to MySQL and on to other SQLite files, stopped in the middle
// of its work each time, and goes on where it was.
func TestDataCopy_ShopMoves(t *testing.T) {
	t.Parallel()
	accounts := shop.Accounts(t, dbtest.Account)
	s := shop.OpenProcess(t, nil)
	ctx := t.Context()
	st := openStand(t, s, "mover", 500, 50)
	buyer := must(s.SignUp(ctx, "buyer@example.com"))(t)
	told := invariants.Acknowledged{Key: "the-order-that-moves"}
	trade := func(method string) shop.Order {
		_, order := buy(t, buyer, st.product.ID, 1, "buyer@example.com", method, told.Key+method)
		return order
	}
	first, underWay := trade("test_ok"), trade("test_slow")

	move(t, s, accounts)
	must(buyer.AwaitOrder(ctx, underWay.ID, "paid"))(t) // begun on one engine, ended on the other
	must(buyer.AwaitOrder(ctx, first.ID, "paid"))(t)
	if err := buyer.Call(ctx, http.StatusOK, http.MethodPost, "/v1/orders/"+first.ID+"/cancel", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	must(s.AwaitLetter(ctx, "buyer@example.com", regexp.MustCompile("Refund for order "+first.ID)))(t)
	second := trade("test_duplicate")

	files := map[string]string{}
	for module := range accounts {
		files[module] = "sqlite:" + filepath.ToSlash(filepath.Join(t.TempDir(), module+".db"))
	}
	move(t, s, files)
	must(buyer.AwaitOrder(ctx, second.ID, "paid"))(t)
	third := trade("test_lost_reply")
	must(buyer.AwaitOrder(ctx, third.ID, "paid"))(t)
	settled(t, s, invariants.Acknowledged{OrderID: underWay.ID, Key: told.Key + "test_slow"},
		invariants.Acknowledged{OrderID: second.ID, Key: told.Key + "test_duplicate"})
	if got := must(st.owner.Stock(ctx, st.product.ID))(t); got != (shop.Stock{OnHand: 50, Sold: 3, Available: 47}) {
		t.Errorf("stock %+v", got)
	}
}

// move stops the shop's only process, copies the data of each module, and starts it on
// the copies.
func move(t *testing.T, s *shop.Shop, to map[string]string) {
	t.Helper()
	p := s.Parts[0]
	p.Stop(t)
	for module, location := range to {
		said, err := command(t, p, "data", "copy", "--module="+module, "--to=@"+kept(t, location))
		if err != nil || !strings.Contains(said, module+" is the same in both places") || strings.Contains(said, "DIFFERS") {
			t.Fatalf("%v\n%s", err, said)
		}
	}
	for module, location := range to {
		p.Env[config.ModuleVariable(module, "DATABASE_URL")] = location
	}
	s.Databases = to
	p.Start(t)
	p.AwaitReady(t)
}

// kept keeps a text in a file.
func kept(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// command runs a command of the program with the configuration of a process, and gives
// what it said.
func command(t *testing.T, p *shop.Part, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.Binary, args...)
	cmd.Dir = t.TempDir()
	for name, value := range p.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}
