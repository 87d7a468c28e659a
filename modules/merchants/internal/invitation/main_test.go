package invitation_test

import (
	"log/slog"
	"os"
	"testing"

	"app/modules/merchants/internal/merchantstest"
	"app/platform/operation/operationtest"
)

// What nearly every test says.
var (
	as          = merchantstest.As
	wantProblem = operationtest.WantProblem
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}
