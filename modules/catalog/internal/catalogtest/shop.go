// Package catalogtest is the whole module over a test database, with a merchants module
// made by hand.
package catalogtest

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"app/modules/catalog/internal/attribute"
	"app/modules/catalog/internal/category"
	"app/modules/catalog/internal/collection"
	"app/modules/catalog/internal/contract"
	"app/modules/catalog/internal/hold"
	"app/modules/catalog/internal/price"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/stock"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/money"
)

// What every shop begins with.
var (
	// Start is when the clock begins.
	Start = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	// Merchant sells all products, and Manager manages it.
	Merchant = ids.Derive("mrc", Start, "merchant")
	Manager  = ids.Derive("usr", Start, "manager")
	// Euro is what a product costs.
	Euro = money.Money{Amount: 1990, Currency: "EUR"}
)

// How long the holds of accounts and of guests last.
const (
	HoldTTL  = 30 * time.Minute
	GuestTTL = 10 * time.Minute
)

// Members answers for merchants: the role of a user with a merchant, and whether that
// one is approved.
type Members func(merchantID, userID string) (role merchantsv1.Role, approved bool)

var _ merchantsv1.Authorizer = Members(nil)

// Roles implements merchantsv1.Authorizer.
func (m Members) Roles(_ context.Context, req *merchantsv1.RolesRequest) (*merchantsv1.RolesResponse, error) {
	out := &merchantsv1.RolesResponse{}
	for _, id := range req.GetMerchantIds() {
		role, approved := m(id, req.GetUserId())
		out.Members = append(out.Members, &merchantsv1.MemberResponse{Role: role, Approved: approved})
	}
	return out, nil
}

// ManagerOnly knows Manager, who is a manager of Merchant, and nobody else.
func ManagerOnly(merchantID, userID string) (merchantsv1.Role, bool) {
	if merchantID == Merchant && userID == Manager {
		return merchantsv1.Role_ROLE_MANAGER, true
	}
	return merchantsv1.Role_ROLE_UNSPECIFIED, merchantID == Merchant
}

// Shop is a catalog on a database of its own, and a clock that stands still.
type Shop struct {
	DB       *database.DB
	Products *product.Service
	Stock    *stock.Service
	Holds    *hold.Service
	Tree     *category.Service
	Picked   *collection.Service
	Prices   *price.Service
	Facts    *attribute.Service
	Contract *contract.Handler

	T   testing.TB
	url string
	now *atomic.Int64
}

// Each runs the test on every engine.
func Each(t *testing.T, run func(t *testing.T, s *Shop)) {
	t.Helper()
	dbtest.EachURL(t, func(t *testing.T, url string) { run(t, openShop(t, url, newClock())) })
}

// Open makes a shop on SQLite.
func Open(t testing.TB) *Shop {
	t.Helper()
	return openShop(t, dbtest.SQLite(t), newClock())
}

func newClock() *atomic.Int64 {
	var now atomic.Int64
	now.Store(Start.UnixMicro())
	return &now
}

func openShop(t testing.TB, url string, now *atomic.Int64) *Shop {
	t.Helper()
	s := &Shop{DB: dbtest.OpenURL(t, url, Migrations()...), T: t, url: url, now: now}
	s.assemble(Members(ManagerOnly), s.Now)
	return s
}

// assemble makes the services. Nothing bounds what is held unpaid.
func (s *Shop) assemble(members merchantsv1.Authorizer, now func() time.Time) {
	s.Products = product.New(product.Options{DB: s.DB, Members: members, Now: now})
	s.Stock = stock.New(stock.Options{DB: s.DB, Products: s.Products, Now: now})
	s.Tree = category.New(category.Options{DB: s.DB, Products: s.Products, Now: now})
	s.Prices = price.New(price.Options{DB: s.DB, OnSale: s.Products.RequireListed})
	s.Picked = collection.New(collection.Options{DB: s.DB, Roles: s.Products, Now: now})
	s.Facts = attribute.New(attribute.Options{DB: s.DB, Products: s.Products, Now: now})
	s.bound(hold.Unpaid{}, now)
}

// Bound makes the service of holds anew, with bounds of what may be held unpaid.
func (s *Shop) Bound(most hold.Unpaid) { s.bound(most, s.Now) }

func (s *Shop) bound(most hold.Unpaid, now func() time.Time) {
	s.Holds = hold.New(hold.Options{
		DB: s.DB, Logger: slog.New(slog.DiscardHandler), TTL: HoldTTL, GuestTTL: GuestTTL, Unpaid: most, Now: now,
	})
	s.Contract = contract.New(s.Products, s.Holds)
}

// Twin is a second process on the same database.
func (s *Shop) Twin() *Shop { return openShop(s.T, s.url, s.now) }

// Now is the time of the clock.
func (s *Shop) Now() time.Time { return time.UnixMicro(s.now.Load()).UTC() }

// Advance sets the clock forward, or back when d is negative.
func (s *Shop) Advance(d time.Duration) { s.now.Add(d.Microseconds()) }

// Manager is a context in which Manager calls.
func (s *Shop) Manager() context.Context {
	return identity.NewContext(s.T.Context(), identity.Principal{UserID: Manager, Method: identity.Bearer})
}

// Product lists a product that costs 19.90 EUR and has a threshold of 2 units, and
// returns its id.
func (s *Shop) Product(units int64) string {
	s.T.Helper()
	p, err := s.Products.Create(s.Manager(), product.Draft{
		MerchantID: Merchant, Title: "Chair", SKU: ids.New("sku", Start), Price: Euro, Stock: units, LowStockThreshold: 2,
	})
	s.Must(err)
	return p.ID
}

// Record writes a former price past the service.
func (s *Shop) Record(f price.Former) error {
	return s.DB.Write(s.T.Context(), func(ctx context.Context, tx *database.Tx) error { return price.Record(ctx, tx, f) })
}

// ErrStale is what StockVersion answers to any other version.
var ErrStale = errors.New("stale")

// StockVersion is an If-Match for the stock as it is now.
func (s *Shop) StockVersion(productID string) func(version int64) error {
	s.T.Helper()
	now, err := s.Stock.ByProduct(s.Manager(), productID)
	s.Must(err)
	return func(version int64) error {
		if version != now.Version {
			return ErrStale
		}
		return nil
	}
}

// Sweep releases all holds whose time has passed.
func (s *Shop) Sweep() error {
	for more := true; more; {
		var err error
		if more, err = s.Holds.SweepOnce(s.T.Context()); err != nil {
			return err
		}
	}
	return nil
}

// Must fails the test at any error.
func (s *Shop) Must(errs ...error) {
	s.T.Helper()
	if err := errors.Join(errs...); err != nil {
		s.T.Fatal(err)
	}
}
