package service_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/service"
	"app/modules/catalog/migrations"
	"app/modules/merchants/merchantsv1"
	"app/modules/orders/ordersevents"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/money"
	"app/platform/money/moneyv1"
)

var (
	start    = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	merchant = ids.Derive("mrc", start, "merchant")
	manager  = ids.Derive("usr", start, "manager")
	holdTTL  = 30 * time.Minute
	guestTTL = 10 * time.Minute
	euro     = money.Money{Amount: 1990, Currency: "EUR"}
)

// members is who may do what, by hand.
type members func(merchantID, userID string) (merchantsv1.Role, bool)

func (m members) Roles(_ context.Context, req *merchantsv1.RolesRequest) (*merchantsv1.RolesResponse, error) {
	out := &merchantsv1.RolesResponse{}
	for _, id := range req.GetMerchantIds() {
		role, approved := m(id, req.GetUserId())
		out.Members = append(out.Members, &merchantsv1.MemberResponse{Role: role, Approved: approved})
	}
	return out, nil
}

func managerOnly(merchantID, userID string) (merchantsv1.Role, bool) {
	if merchantID == merchant && userID == manager {
		return merchantsv1.Role_ROLE_MANAGER, true
	}
	return merchantsv1.Role_ROLE_UNSPECIFIED, merchantID == merchant
}

// shop is a catalog on a database of its own, and a clock that stands still.
type shop struct {
	*service.Service
	t   testing.TB
	url string
	db  *database.DB
	now *atomic.Int64
}

// each runs the test on every engine.
func each(t *testing.T, run func(t *testing.T, s *shop)) {
	t.Helper()
	dbtest.EachURL(t, func(t *testing.T, url string) { run(t, open(t, url, newClock())) })
}

func newClock() *atomic.Int64 {
	var now atomic.Int64
	now.Store(start.UnixMicro())
	return &now
}

func open(t testing.TB, url string, now *atomic.Int64) *shop {
	t.Helper()
	db := dbtest.OpenURL(t, url, database.Named("events", events.Migrations), migrations.Files)
	s := &shop{t: t, url: url, db: db, now: now}
	s.bound(service.Unpaid{})
	return s
}

// bound makes the service anew, with bounds of what may be held unpaid.
func (s *shop) bound(most service.Unpaid) {
	s.Service = service.New(service.Options{
		DB: s.db, Members: members(managerOnly), Logger: slog.New(slog.DiscardHandler), HoldTTL: holdTTL, HoldGuest: guestTTL,
		Unpaid: most, Now: func() time.Time { return time.UnixMicro(s.now.Load()).UTC() },
	})
}

// twin is a second process on the same database.
func (s *shop) twin() *shop { return open(s.t, s.url, s.now) }

func (s *shop) advance(d time.Duration) { s.now.Add(d.Microseconds()) }

func (s *shop) manager() context.Context {
	return identity.NewContext(s.t.Context(), identity.Principal{UserID: manager, Method: identity.Bearer})
}

// product lists a product that costs 19.90 EUR.
func (s *shop) product(stock int64) string {
	s.t.Helper()
	p, err := s.Create(s.manager(), service.Draft{
		MerchantID: merchant, Title: "Chair", SKU: ids.New("sku", start), Price: euro, Stock: stock, LowStockThreshold: 2,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return p.ID
}

// order is a checkout under way.
type order struct {
	id    string
	lines []*catalogv1.ReserveLine
	buyer *catalogv1.Buyer
}

func newOrder(lines ...*catalogv1.ReserveLine) order {
	return order{id: ids.New("ord", start), lines: lines}
}

// by is the order as a buyer's.
func (o order) by(b *catalogv1.Buyer) order {
	o.buyer = b
	return o
}

func line(product string, quantity int64) *catalogv1.ReserveLine {
	return &catalogv1.ReserveLine{ProductId: product, Quantity: quantity, ExpectedPrice: &moneyv1.Money{Amount: euro.Amount, Currency: euro.Currency}}
}

func (s *shop) reserve(o order) (*catalogv1.ReserveResponse, error) {
	return s.Reserve(s.t.Context(), &catalogv1.ReserveRequest{OrderId: o.id, Lines: o.lines, Buyer: o.buyer})
}

func (s *shop) mustReserve(o order) *catalogv1.ReserveResponse {
	s.t.Helper()
	out, err := s.reserve(o)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (o order) event() *ordersevents.Order {
	out := &ordersevents.Order{Id: o.id}
	for _, l := range o.lines {
		out.Lines = append(out.Lines, &ordersevents.Line{ProductId: l.GetProductId(), Quantity: l.GetQuantity(), Price: l.GetExpectedPrice()})
	}
	return out
}

// paid delivers orders.Paid, as often as it is called.
func (s *shop) paid(o order) error {
	e := events.Event[*ordersevents.Paid]{Envelope: events.Envelope{OccurredAt: start}, Body: &ordersevents.Paid{Order: o.event()}}
	return s.db.Write(s.t.Context(), func(ctx context.Context, tx *database.Tx) error { return s.Paid(ctx, tx, e) })
}

// cancelled delivers orders.Cancelled, as often as it is called.
func (s *shop) cancelled(o order) error {
	e := events.Event[*ordersevents.Cancelled]{Envelope: events.Envelope{OccurredAt: start}, Body: &ordersevents.Cancelled{Order: o.event()}}
	return s.db.Write(s.t.Context(), func(ctx context.Context, tx *database.Tx) error { return s.Cancelled(ctx, tx, e) })
}

func (s *shop) must(errs ...error) {
	s.t.Helper()
	if err := errors.Join(errs...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) sweep() error {
	for more := true; more; {
		var err error
		if more, err = s.SweepOnce(s.t.Context()); err != nil {
			return err
		}
	}
	return nil
}

// count is on_hand, held and sold.
type count struct{ OnHand, Held, Sold int64 }

func (s *shop) wantStock(product string, want count) {
	s.t.Helper()
	stock, err := s.Stock(s.manager(), product)
	if got := (count{stock.OnHand, stock.Held, stock.Sold}); err != nil || got != want {
		s.t.Errorf("stock is %+v (%v), want %+v", got, err, want)
	}
	s.mustAddUp()
}

// mustAddUp compares every stock row with the journal and with the holds.
func (s *shop) mustAddUp() {
	s.t.Helper()
	for rule, query := range map[string]string{
		"on_hand is what was received and corrected": `SELECT s.product_id FROM catalog_stock s WHERE s.on_hand <> (SELECT COALESCE(SUM(m.delta), 0)
			FROM catalog_movements m WHERE m.product_id = s.product_id AND m.kind IN ('received', 'corrected'))`,
		"sold is what was sold and not returned": `SELECT s.product_id FROM catalog_stock s WHERE -s.sold <> (SELECT COALESCE(SUM(m.delta), 0)
			FROM catalog_movements m WHERE m.product_id = s.product_id AND m.kind IN ('sold', 'returned'))`,
		"held is what holds hold":                  linesDiffer("held", "held"),
		"sold is what holds sold":                  linesDiffer("sold", "sold"),
		"held_guests is what holds of guests hold": guestsDiffer,
		"nothing is promised twice":                `SELECT s.product_id FROM catalog_stock s WHERE s.held < 0 OR s.sold < 0 OR s.held + s.sold > s.on_hand`,
	} {
		if broken := s.column(query); len(broken) > 0 {
			s.t.Errorf("%s: not so for %v", rule, broken)
		}
	}
}

func (s *shop) mustHoldForGuests(t interface{ Errorf(string, ...any) }) {
	if broken := s.column(guestsDiffer); len(broken) > 0 {
		t.Errorf("held_guests is not what is held for guests of %v", broken)
	}
}

const guestsDiffer = `SELECT s.product_id FROM catalog_stock s WHERE s.held_guests <> (SELECT COALESCE(SUM(l.quantity), 0)
	FROM catalog_hold_lines l JOIN catalog_holds h ON h.order_id = l.order_id
	WHERE l.product_id = s.product_id AND h.state = 'held' AND l.guest = 1)`

func linesDiffer(column, state string) string {
	return fmt.Sprintf(`SELECT s.product_id FROM catalog_stock s WHERE s.%s <> (SELECT COALESCE(SUM(l.quantity), 0)
		FROM catalog_hold_lines l JOIN catalog_holds h ON h.order_id = l.order_id
		WHERE l.product_id = s.product_id AND h.state = '%s')`, column, state)
}

// told lists the aggregates about which events of the type were emitted.
func (s *shop) told(m proto.Message) []string {
	s.t.Helper()
	return s.column(`SELECT aggregate_id FROM events_outbox WHERE type = ?`, events.TypeOf(m))
}

func (s *shop) column(query string, args ...any) (out []string) {
	s.t.Helper()
	err := s.db.Read(s.t.Context(), func(ctx context.Context, q *database.Tx) error {
		rows, err := q.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			out = append(out, text)
		}
		return rows.Err()
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// wantReason checks a refusal and returns its first detail.
func wantReason(t testing.TB, err error, code fault.Code, reason string) proto.Message {
	t.Helper()
	if err == nil || fault.CodeOf(err) != code || fault.ReasonOf(err) != reason {
		t.Fatalf("got %v, want %s (%s)", err, code, reason)
	}
	if details := fault.From(err).Details; len(details) > 0 {
		return details[0]
	}
	return nil
}

// together runs the work n times at once and returns the errors.
func together(n int, work func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			errs[i] = work(i)
		})
	}
	close(begin)
	all.Wait()
	return errs
}
