package paymentstest

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/reason"
	"app/modules/payments/internal/refund"
	"app/modules/payments/internal/statement"
	"app/modules/payments/internal/testprovider"
	"app/modules/payments/internal/webhook"
	"app/modules/payments/migrations"
	"app/modules/payments/paymentsv1"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/idempotency"
	"app/platform/ids"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

// ServedAt is the time of every request to an API.
var ServedAt = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// Secret signs the webhooks of an API's test provider.
var Secret = []byte("a secret of the test")

// The callers of an API, each named for what it is.
const (
	Nobody   = ""
	Ada      = "usr_ada" // the buyer
	Admin    = operationtest.Root
	ManagerA = "usr_managerA"
	ViewerA  = "usr_viewerA"
	ManagerB = "usr_managerB"
	Stranger = "usr_stranger"
)

// API is the public API of the module on a database of its own, with the test provider.
type API struct {
	operationtest.API
	Process
}

// NewAPI makes an API.
func NewAPI(t testing.TB) API {
	t.Helper()
	db := dbtest.Open(t, events.Migrations, idempotency.Migrations, migrations.Files)
	quiet := slog.New(slog.DiscardHandler)
	now := func() time.Time { return ServedAt }
	test := testprovider.New(testprovider.Options{DB: db, Secret: Secret, SlowAfter: time.Hour, Logger: quiet, Now: now})
	p := NewProcess(db, Roles{
		MerchantA + "/" + ManagerA: merchantsv1.Role_ROLE_MANAGER, MerchantA + "/" + ViewerA: merchantsv1.Role_ROLE_VIEWER,
		MerchantB + "/" + ManagerB: merchantsv1.Role_ROLE_MANAGER,
	}, now, test)
	a := operation.NewAPI("payments", operation.Options{})
	statements, refunds := statement.NewHandlers(p.Statements), refund.NewHandlers(p.Refunds)
	statement.Register(a, &statements)
	refund.Register(a, &refunds)
	webhook.Register(a, &p.Webhooks, testprovider.SignatureHeader)
	a.Problems(reason.All()...)
	a.UseKeys(idempotency.New(db, idempotency.Options{}))
	return API{operationtest.New(t, a), p}
}

// Payment takes 19.90 EUR of Ada by the method, 14.90 for merchant A and 5.00 for
// merchant B, and answers its path.
func (a API) Payment(method string) string {
	a.Helper()
	answer, err := a.Payments.Start(context.Background(), &paymentsv1.StartRequest{
		PaymentId: ids.New("pay", ServedAt), OrderId: ids.New("ord", ServedAt), Amount: Euro(1990), Method: method, Email: "ada@example.com", BuyerId: Ada,
		ExpiresAt: timestamppb.New(ServedAt.Add(time.Hour)),
		Shares:    []*paymentsv1.Share{{MerchantId: MerchantA, Amount: Euro(1490)}, {MerchantId: MerchantB, Amount: Euro(500)}},
	})
	if err != nil {
		a.Fatal(err)
	}
	return "/v1/payments/" + answer.GetPaymentId()
}

// SendRefunds has the provider carry out what is queued.
func (a API) SendRefunds() {
	a.Helper()
	if _, err := a.Refunds.Send(context.Background()); err != nil {
		a.Fatal(err)
	}
}

// WantBody compares a body with its ids cut short; MRC_A and MRC_B are the merchants.
func WantBody(t testing.TB, r operationtest.Reply, want string) {
	t.Helper()
	want = regexp.MustCompile(`\n\s*`).ReplaceAllString(want, "")
	want = strings.NewReplacer("MRC_A", MerchantA, "MRC_B", MerchantB).Replace(want)
	got := regexp.MustCompile(`"(ord|pay|rfd)_[0-9a-z]{26}"`).ReplaceAllString(strings.TrimSpace(r.Body), `"$1"`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}
