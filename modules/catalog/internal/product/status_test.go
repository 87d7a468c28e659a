package product_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/status"
	"app/modules/catalog/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/fault"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

func TestStatusAt(t *testing.T) {
	t.Parallel()
	now := catalogtest.Start
	for name, c := range map[string]struct {
		product product.Product
		want    status.Status
	}{
		"of before":             {product.Product{}, status.Active},
		"published":             {product.Product{PublicFrom: now.Add(-time.Second)}, status.Active},
		"at the very moment":    {product.Product{PublicFrom: now}, status.Active},
		"to be published":       {product.Product{PublicFrom: now.Add(time.Microsecond)}, status.Draft},
		"archived":              {product.Product{Archived: true}, status.Archived},
		"a draft that archived": {product.Product{Archived: true, PublicFrom: now.Add(time.Hour)}, status.Archived},
	} {
		if got := c.product.StatusAt(now); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestStatusOfAChange(t *testing.T) {
	t.Parallel()
	now := catalogtest.Start
	draft, active, later, past := status.Draft, status.Active, now.Add(time.Hour), now.Add(-time.Hour)
	waiting := (&product.Change{Status: &draft}).ApplyTo(product.Product{})
	for name, c := range map[string]struct {
		before product.Product
		change product.Change
		want   status.Status
		after  status.Status // two hours later
	}{
		"nothing":               {waiting, product.Change{}, draft, draft},
		"published":             {waiting, product.Change{Status: &active}, active, active},
		"to be published":       {waiting, product.Change{PublishAt: &later}, draft, active},
		"taken back":            {product.Product{PublicFrom: past}, product.Change{Status: &draft}, draft, draft},
		"taken back for a time": {product.Product{}, product.Change{Status: &draft, PublishAt: &later}, draft, active},
		"at a time of before":   {waiting, product.Change{Status: &draft, PublishAt: &past}, active, active},
	} {
		got := c.change.ApplyTo(c.before)
		if is, then := got.StatusAt(now), got.StatusAt(now.Add(2*time.Hour)); is != c.want || then != c.after {
			t.Errorf("%s: %s, then %s, want %s, then %s", name, is, then, c.want, c.after)
		}
	}
}

// A draft is there for members of its merchant, and for nobody else.
func TestDraftsAreForMembers(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create("status", `"draft"`)
	path := "/v1/products/" + p.ID
	if p.Status != status.Draft || p.PublishAt != nil {
		t.Errorf("%+v", p)
	}
	for _, caller := range []string{catalogtest.Viewer, catalogtest.Manager, catalogtest.Unproven} {
		got := a.Must(200, caller, "GET", path, "")
		if seen := operationtest.Read[product.Body](t, got); seen.Status != status.Draft || got.Header.Get("ETag") != `"1-1-draft"` {
			t.Errorf("%s: %s %+v", caller, got.Header.Get("ETag"), seen)
		}
	}
	for _, caller := range []string{catalogtest.Nobody, catalogtest.Stranger} {
		operationtest.WantProblem(t, a.Call(caller, "GET", path, ""), 404, "product_not_found")
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Stranger, "PATCH", path, `{"status":"active"}`), 404, "product_not_found")
	operationtest.WantProblem(t, a.Call(catalogtest.Viewer, "PATCH", path, `{"status":"active"}`), 403, "role_too_low")
	for _, query := range []string{"", "?q=chair", "?merchant_id=" + catalogtest.Merchant, "?merchant_id=" + catalogtest.Merchant + "&sku=CH-1"} {
		if found := pageOf(a, query).Data; len(found) != 0 {
			t.Errorf("%s lists %v", query, found)
		}
	}
	a.Must(200, catalogtest.Viewer, "GET", path+"/stock", "")
	a.Must(200, catalogtest.Manager, "POST", path+"/stock", `{"delta":1,"reason":"more"}`)
	published := a.Must(200, catalogtest.Manager, "PATCH", path, `{"status":"active"}`, `If-Match: "1-1-draft"`)
	if got := published.Header.Get("ETag"); got != `"2-2"` {
		t.Errorf("ETag %s", got)
	}
	if seen := operationtest.Read[product.Body](t, a.Must(200, catalogtest.Nobody, "GET", path, "")); seen.Status != status.Active {
		t.Errorf("%+v", seen)
	}
	a.Must(200, catalogtest.Manager, "PATCH", path, `{"status":"draft"}`)
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", path, ""), 404, "product_not_found")
	a.Must(204, catalogtest.Manager, "DELETE", path, "")
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", path, `{"status":"active"}`), 404, "product_not_found")
}

func TestListByStatus(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	for i, status := range []string{"draft", "active", "draft", "active", "draft"} {
		n := string(rune('a' + i))
		a.Create("sku", `"`+n+`"`, "title", `"`+n+`"`, "status", `"`+status+`"`)
	}
	for _, n := range []string{"x", "y", "z"} {
		gone := a.Create("sku", `"`+n+`"`, "title", `"`+n+`"`, "status", `"draft"`)
		a.Must(204, catalogtest.Manager, "DELETE", "/v1/products/"+gone.ID, "")
	}
	list := func(caller, query string) operation.Page[product.Body] {
		path := "/v1/products?merchant_id=" + catalogtest.Merchant + query
		return operationtest.Read[operation.Page[product.Body]](t, a.Must(200, caller, "GET", path, ""))
	}
	for query, want := range map[string]string{
		"": "d b", "&status=active": "d b", "&status=draft": "e c a", "&status=archived": "z y x", "&status=draft&q=C": "c",
		"&status=draft&sku=c": "c", "&status=draft&sku=d": "", "&status=active&sku=d": "d", "&status=archived&sku=x": "",
	} {
		if got := pageTitles(list(catalogtest.Viewer, query)); got != want {
			t.Errorf("%s lists %q, want %q", query, got, want)
		}
	}
	for status, want := range map[string]string{"draft": "e c|a", "archived": "z y|x"} {
		first := list(catalogtest.Viewer, "&limit=2&status="+status)
		second := list(catalogtest.Viewer, "&limit=2&status="+status+"&after="+first.Next)
		if got := pageTitles(first) + "|" + pageTitles(second); got != want || string(second.Data[0].Status) != status {
			t.Errorf("pages of %s: %q, want %q", status, got, want)
		}
	}
}

func TestListByStatusRefuses(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	mine := "/v1/products?merchant_id=" + catalogtest.Merchant + "&status="
	for _, status := range []string{"draft", "active", "archived"} {
		operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "GET", mine+status, ""), 401, "unauthenticated")
		operationtest.WantProblem(t, a.Call(catalogtest.Stranger, "GET", mine+status, ""), 404, "merchant_not_found")
		operationtest.WantProblem(t, a.Call(catalogtest.Manager, "GET", "/v1/products?status="+status, ""), 422, "validation_failed", "/merchant_id")
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "GET", mine+"gone", ""), 422, "validation_failed", "/status")
}

func TestStatusRefuses(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create("sku", `"other"`)
	for body, pointer := range map[string]string{
		`"status":"archived"`: "/status", `"status":null`: "/status", `"status":""`: "/status", `"publish_at":"2030-01-01T00:00:00Z"`: "/publish_at",
		`"status":"active","publish_at":"2030-01-01T00:00:00Z"`: "/publish_at", `"status":"draft","publish_at":"tomorrow"`: "/publish_at",
		`"status":"draft","publish_at":"1969-01-01T00:00:00Z"`: "/publish_at", `"status":"draft","publish_at":null`: "/publish_at",
	} {
		operationtest.WantProblem(t, a.Call(catalogtest.Manager, "PATCH", "/v1/products/"+p.ID, "{"+body+"}"), 422, "validation_failed", pointer)
		draft := strings.TrimSuffix(catalogtest.Draft(), "}") + "," + body + "}"
		operationtest.WantProblem(t, a.Call(catalogtest.Manager, "POST", "/v1/products", draft), 422, "validation_failed", pointer)
	}
}

// Nobody buys a draft; the clock alone makes it active, to the microsecond.
func TestDraftIsSoldFromItsTimeOn(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		at := s.Now().Add(time.Hour)
		p, err := s.Products.Create(s.Manager(), product.Draft{
			MerchantID: catalogtest.Merchant, Title: "Chair", SKU: "C-1", Price: catalogtest.Euro, Stock: 5,
			Status: status.Draft, PublishAt: &at,
		})
		s.Must(err)
		order := catalogtest.NewOrder(catalogtest.Line(p.ID, 2))
		s.Advance(time.Hour - time.Microsecond)
		if list := listAll(s, product.Query{Limit: 9}); len(list) != 0 {
			t.Errorf("a draft is listed: %v", titlesOf(list))
		}
		if shown, err := s.Products.Listed(t.Context(), []string{p.ID}); err != nil || len(shown) != 0 {
			t.Errorf("a cart sees a draft: %v, %v", shown, err)
		}
		_, err = s.Reserve(order)
		gone, _ := catalogtest.WantReason(t, err, fault.FailedPrecondition, "product_gone").(*catalogv1.Gone)
		if diff := cmp.Diff([]string{p.ID}, gone.GetProductIds()); diff != "" {
			t.Errorf("gone (-want +got)\n%s", diff)
		}
		s.WantStock(p.ID, catalogtest.Count{OnHand: 5})

		s.Advance(time.Microsecond)
		if list := listAll(s, product.Query{Limit: 9}); len(list) != 1 {
			t.Errorf("not listed: %v", list)
		}
		seen, err := s.Products.ByID(t.Context(), p.ID)
		if err != nil || seen.StatusAt(s.Now()) != status.Active {
			t.Errorf("%+v, %v", seen, err)
		}
		s.MustReserve(order)
		// What is held stays held when the product is a draft again.
		draft := status.Draft
		_, err = s.Products.Change(s.Manager(), p.ID, nil, product.Change{Status: &draft})
		s.Must(err)
		s.MustReserve(order)
		s.WantStock(p.ID, catalogtest.Count{OnHand: 5, Held: 2})
	})
}

func TestAPIKeysSeeDrafts(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p, err := s.Products.Create(key(s, catalogtest.Merchant, "catalog:write"), product.Draft{
			MerchantID: catalogtest.Merchant, Title: "Chair", SKU: "C-1", Price: catalogtest.Euro, Status: status.Draft,
		})
		s.Must(err)
		if _, err := s.Products.ByID(key(s, catalogtest.Merchant, "catalog:read"), p.ID); err != nil {
			t.Error(err)
		}
		if _, err := s.Products.ByID(key(s, catalogtest.Merchant, "orders:read"), p.ID); fault.ReasonOf(err) != "product_not_found" {
			t.Errorf("without the scope: %v", err)
		}
		drafts := product.Query{MerchantID: catalogtest.Merchant, Status: status.Draft, Limit: 9}
		if _, err := s.Products.List(key(s, catalogtest.Merchant, "orders:read"), drafts); fault.ReasonOf(err) != "scope_required" {
			t.Errorf("listed without the scope: %v", err)
		}
		if found, err := s.Products.List(key(s, catalogtest.Merchant, "catalog:read"), drafts); err != nil || len(found) != 1 {
			t.Errorf("%v, %v", found, err)
		}
	})
}

// A list by status begins at its page, as every list does.
func TestListByStatusReadsThePageOnly(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		middle := manyProducts(t, db, 2000)
		write(t, db, archiveAll)
		f := product.Filter{Before: middle, Limit: 20, MerchantID: "m", Status: status.Archived}
		if db.Engine() == database.SQLite {
			statement, args := f.Statement(db.Engine())
			if plan := dbtest.Plan(t, db, statement, args...); !strings.Contains(plan, "merchant_id=? AND created_at") || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("does not begin at the page:\n%s", plan)
			}
		} else if n := rowsRead(t, db, f); n > 300 {
			t.Errorf("%d rows read for 20 products", n)
		}
	}, migrations.Files)
}

func archiveAll(ctx context.Context, tx *database.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE catalog_products SET archived_at = 7, sku_key = id, sku_fold = NULL`)
	return err
}

// Of a time before 1970 nobody could say whether it is one, or none.
func TestPublicFromIsNoNegativeNumber(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		p := s.Product(1)
		err := s.DB.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE catalog_products SET public_from = -1 WHERE id = ?`, p)
			return err
		})
		if err == nil {
			t.Error("the schema takes it")
		}
	})
}
