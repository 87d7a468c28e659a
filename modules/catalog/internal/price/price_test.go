package price_test

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/price"
	"app/modules/catalog/internal/product"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/ids"
	"app/platform/money"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// A field that a row or a reply leaves out would be lost, and fails here. The row has
// the variant's id, which follows from the product's.
func TestRowAndReplyHaveEveryField(t *testing.T) {
	t.Parallel()
	f := dbtest.Filled[price.Former](t)
	f.ProductID = ids.New("prd", time.Now())
	if diff := cmp.Diff(f, price.FormerOf(price.RowOf(f))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	dbtest.WantFilled(t, price.NewBody(f))
}

const day = 24 * time.Hour

func euros(cents int64) *money.Money { return &money.Money{Amount: cents, Currency: "EUR"} }

// The lowest price of the 30 days before each price began, worked out by hand:
//
//	day  price   before it                                   lowest
//	  0  20.00   nothing                                     none
//	 10  15.00   20.00 on days 0 to 10                       20.00
//	 20  18.00   20.00, and 15.00 on days 10 to 20           15.00
//	 45  12.00   from day 15: 15.00 until 20, 18.00          15.00
//	 60  10.00   from day 30: 18.00 until 45, 12.00          12.00
//	 61  11 USD  never had a price in dollars                none
//	 62   9.00   from day 32: 18.00, 12.00, 10.00 until 61   10.00
//	100  11.00   from day 70: 9.00                            9.00
//	140   8.00   from day 110: 11.00                         11.00
func TestLowestPriceOf30Days(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p, err := s.Products.Create(s.Manager(), product.Draft{MerchantID: catalogtest.Merchant, Title: "Chair", SKU: "c", Price: *euros(2000)})
		s.Must(err)
		if p.LowestPrice() != nil {
			t.Errorf("a new product has a lowest price before, %v", p.LowestPrice())
		}
		for _, step := range []struct {
			day          int
			price, after *money.Money
		}{
			{10, euros(1500), euros(2000)},
			{20, euros(1800), euros(1500)},
			{45, euros(1200), euros(1500)},
			{60, euros(1000), euros(1200)},
			{61, &money.Money{Amount: 1100, Currency: "USD"}, nil},
			{62, euros(900), euros(1000)},
			{100, euros(1100), euros(900)},
			{140, euros(800), euros(1100)},
		} {
			s.Advance(catalogtest.Start.Add(time.Duration(step.day) * day).Sub(s.Now()))
			p, err = s.Products.Change(s.Manager(), p.ID, nil, product.Change{Price: step.price})
			s.Must(err)
			if diff := cmp.Diff(step.after, p.LowestPrice()); diff != "" {
				t.Errorf("day %d: the lowest price before (-want +got)\n%s", step.day, diff)
			}
			title := "Chair " + step.price.String()
			p, err = s.Products.Change(s.Manager(), p.ID, nil, product.Change{Title: &title, Price: step.price})
			s.Must(err)
			if diff := cmp.Diff(step.after, p.LowestPrice()); diff != "" {
				t.Errorf("day %d: the same price again is no change (-want +got)\n%s", step.day, diff)
			}
		}
		former, err := s.Prices.Former(t.Context(), p.ID, s.Now().Add(day), 3)
		s.Must(err)
		want := []price.Former{
			{ProductID: p.ID, Price: *euros(1100), From: on(100), To: on(140)},
			{ProductID: p.ID, Price: *euros(900), From: on(62), To: on(100)},
			{ProductID: p.ID, Price: money.Money{Amount: 1100, Currency: "USD"}, From: on(61), To: on(62)},
		}
		if diff := cmp.Diff(want, former); diff != "" {
			t.Errorf("history (-want +got)\n%s", diff)
		}
	})
}

func on(n int) time.Time { return catalogtest.Start.Add(time.Duration(n) * day) }

// The history has no gap and no overlap, and a row for each price, when the clock stands
// still or goes back, and when many change the price at once.
func TestHistoryOfManyChanges(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		id := s.Product(1)
		const changes = 6
		for _, err := range catalogtest.Together(changes, func(i int) error {
			_, err := s.Products.Change(s.Manager(), id, nil, product.Change{Price: euros(100 + int64(i))})
			return err
		}) {
			s.Must(err)
		}
		s.Advance(-time.Hour)
		_, err := s.Products.Change(s.Manager(), id, nil, product.Change{Price: euros(50)})
		s.Must(err)
		former, err := s.Prices.Former(t.Context(), id, s.Now().Add(day), 100)
		s.Must(err)
		if len(former) != changes+1 {
			t.Fatalf("%d former prices of %d changes", len(former), changes+1)
		}
		for i, f := range former[1:] {
			if !f.To.Equal(former[i].From) || !f.From.Before(f.To) {
				t.Errorf("%v until %v, then %v from %v", f.Price, f.To, former[i].Price, former[i].From)
			}
		}
	})
}

// Rows of the history that say what cannot be are refused by the database.
func TestHistoryRefuses(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		good := price.Former{ProductID: s.Product(1), Price: *euros(1), From: on(0), To: on(1)}
		s.Must(s.Record(good))
		if err := s.Record(good); !database.IsDuplicate(err) && err != database.ErrDuplicate { //nolint:errorlint // as it comes
			t.Errorf("twice from one time: %v", err)
		}
		backward, negative := good, good
		backward.From, backward.To = on(3), on(3)
		negative.From, negative.To, negative.Price.Amount = on(4), on(5), -1
		for _, f := range []price.Former{backward, negative} {
			if s.Record(f) == nil {
				t.Errorf("%+v was recorded", f)
			}
		}
		err := s.DB.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE catalog_products SET compare_at = -1`)
			return err
		})
		if err == nil {
			t.Error("a price is compared with less than nothing")
		}
	})
}

func TestFormerPricesOverREST(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create()
	path := "/v1/products/" + p.ID
	for _, cents := range []string{"1500", "1200"} {
		a.Must(200, catalogtest.Manager, "PATCH", path, `{"price":{"amount":`+cents+`,"currency":"EUR"}}`)
	}
	first := operationtest.ReadStrict[operation.Page[price.Body]](t, a.Must(200, catalogtest.Nobody, "GET", path+"/price-history?limit=1", ""))
	if len(first.Data) != 1 || first.Data[0].Price != *euros(1500) || !first.HasMore {
		t.Fatalf("first page %+v", first)
	}
	second := operationtest.ReadStrict[operation.Page[price.Body]](t,
		a.Must(200, catalogtest.Nobody, "GET", path+"/price-history?limit=1&after="+first.Next, ""))
	if len(second.Data) != 1 || second.Data[0].Price != *euros(1990) || second.HasMore || !second.Data[0].From.Equal(p.CreatedAt) {
		t.Errorf("second page %+v", second)
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", "/v1/products/"+catalogtest.Missing+"/price-history", ""), 404, "product_not_found")
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", path+"/price-history?after=x", ""), 422, "validation_failed", "/after")
}

func TestCompareAt(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	for sent, pointer := range map[string]string{
		`{"amount":1990,"currency":"EUR"}`:             "/compare_at/amount",
		`{"amount":-1,"currency":"EUR"}`:               "/compare_at/amount",
		`{"amount":2990,"currency":"USD"}`:             "/compare_at/currency",
		`{"amount":9007199254740992,"currency":"EUR"}`: "/compare_at/amount",
	} {
		operationtest.WantProblem(t, a.Call(catalogtest.Manager, "POST", "/v1/products", catalogtest.Draft("compare_at", sent)), 422, "validation_failed", pointer)
	}
	p := a.Create("compare_at", `{"amount":2990,"currency":"EUR"}`)
	path := "/v1/products/" + p.ID
	for _, step := range []struct {
		change string
		want   *money.Money
	}{
		{`{"title":"Stool"}`, euros(2990)},
		{`{"price":{"amount":2500,"currency":"EUR"}}`, euros(2990)},
		{`{"price":{"amount":2990,"currency":"EUR"}}`, nil},
		{`{"price":{"amount":2000,"currency":"EUR"},"compare_at":{"amount":2600,"currency":"EUR"}}`, euros(2600)},
		{`{"price":{"amount":2000,"currency":"USD"}}`, nil},
		{`{"price":{"amount":2000,"currency":"EUR"},"compare_at":{"amount":2600,"currency":"EUR"}}`, euros(2600)},
		{`{"compare_at":{"amount":0,"currency":"EUR"}}`, nil},
	} {
		got := operationtest.Read[product.Body](t, a.Must(200, catalogtest.Manager, "PATCH", path, step.change))
		if diff := cmp.Diff(step.want, got.CompareAt); diff != "" {
			t.Errorf("after %s (-want +got)\n%s", step.change, diff)
		}
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"compare_at":{"amount":2000,"currency":"EUR"}}`), 422, "validation_failed", "/compare_at/amount")
}
