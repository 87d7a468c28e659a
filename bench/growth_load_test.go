package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog"
	"app/platform/database"
	"app/platform/database/migrate"
	"app/platform/ids"
)

const modelID = "prd_01kan4v6e8fx2s1gq0vj5t3x7c"

// openCatalog makes the catalog of a data folder with one product, as the module writes
// one.
func openCatalog(t *testing.T, movements ...string) (data string) {
	t.Helper()
	data = t.TempDir()
	withCatalog(t, data, func(ctx context.Context, tx *database.Tx) error {
		statements := append([]string{
			`INSERT INTO catalog_products (id, merchant_id, title, description, sku, sku_key, search, price_amount, currency, version, archived_at, created_at)
			VALUES ('` + modelID + `', 'mrc_1', 'Product BENCH-0999', 'Good.', 'BENCH-0999', 'BENCH-0999',
				'product bench-0999' || char(10) || 'bench-0999' || char(10) || 'good.', 1990, 'EUR', 3, 0, 1760000000000000)`,
			`INSERT INTO catalog_stock (product_id, on_hand, held, sold, low_threshold, version) VALUES ('` + modelID + `', 70, 2, 5, 4, 9)`,
		}, movements...)
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	return data
}

const firstUnits = `INSERT INTO catalog_movements (id, product_id, kind, delta, reason, actor, order_id, created_at)
	VALUES ('mov_1', '` + modelID + `', 'received', 70, 'first stock', 'usr_1', '', 1760000000000000)`

// withCatalog works on the catalog as its owner.
func withCatalog(t *testing.T, data string, work database.Work) {
	t.Helper()
	ctx := t.Context()
	db, err := database.Open(ctx, database.Options{Module: "catalog", DataDir: data, Migrations: []fs.FS{catalog.New().Migrations()}})
	if err == nil {
		_, err = migrate.Up(ctx, db)
	}
	if err == nil {
		err = errors.Join(db.Write(ctx, work), db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// lines selects texts.
func lines(t *testing.T, data, query string) (out []string) {
	t.Helper()
	withCatalog(t, data, func(ctx context.Context, tx *database.Tx) error {
		rows, err := tx.Query(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				return err
			}
			out = append(out, line)
		}
		return rows.Err()
	})
	return out
}

func TestLoadProducts(t *testing.T) {
	t.Parallel()
	data := openCatalog(t, firstUnits)
	for _, total := range []int{3, loadBatch + 500} { // the second has copies of copies, and more than one batch
		if err := loadProducts(t.Context(), data, total); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprint(total)
		for _, table := range []string{"catalog_products", "catalog_stock", "catalog_movements"} {
			if got := lines(t, data, "SELECT CAST(COUNT(*) AS TEXT) FROM "+table); got[0] != want {
				t.Errorf("%s rows in %s, want %s", got[0], table, want)
			}
		}
	}
	t.Run("CopiesAreAsTheModel", func(t *testing.T) {
		t.Parallel()
		want := []string{
			"mrc_1|Product BENCH-0001-0000|Good.|BENCH-0001-0000|BENCH-0001-0000|product bench-0001-0000\nbench-0001-0000\ngood.|1990|EUR|1|0|integer|70|0|0|4|1|received|70|first stock|usr_1|",
		}
		got := lines(t, data, `SELECT concat_ws('|', p.merchant_id, title, description, sku, sku_key, search, price_amount, currency, p.version, archived_at,
			typeof(p.created_at), on_hand, held, sold, low_threshold, s.version, kind, delta, reason, actor, order_id)
			FROM catalog_products p JOIN catalog_stock s ON s.product_id = p.id JOIN catalog_movements m ON m.product_id = p.id
			WHERE sku = 'BENCH-0001-0000'`)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
	t.Run("NewerOnesComeFirst", func(t *testing.T) {
		t.Parallel()
		want := []string{"BENCH-0499-0010", "BENCH-0498-0010", "BENCH-0497-0010"}
		got := lines(t, data, `SELECT sku FROM catalog_products ORDER BY created_at DESC, id DESC LIMIT 3`)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
	t.Run("IdsAreThoseOfProducts", func(t *testing.T) {
		t.Parallel()
		for _, id := range lines(t, data, `SELECT id FROM catalog_products ORDER BY created_at DESC LIMIT 1000`) {
			if !ids.Valid("prd", id) {
				t.Fatalf("%q is not the id of a product", id)
			}
		}
		if wrong := lines(t, data, `SELECT id FROM catalog_movements WHERE id <> 'mov_1' AND substr(id, 5) <> substr(product_id, 5)`); len(wrong) > 0 {
			t.Errorf("entries of the journal that are not their products': %q", wrong)
		}
	})
	t.Run("AsLargeAShareHasAWord", func(t *testing.T) {
		t.Parallel()
		if got := lines(t, data, `SELECT CAST(COUNT(*) AS TEXT) FROM catalog_products WHERE search LIKE '%bench-07%'`); got[0] != "1000" {
			t.Errorf("%s products of 10,500 have the word that 100 of the first 1,000 have, want 1000", got[0])
		}
	})
}

func TestLoadProductsNeedsAModel(t *testing.T) {
	t.Parallel()
	data := openCatalog(t) // without an entry in the journal
	err := loadProducts(t.Context(), data, 5)
	if !errors.Is(err, errNoModel) || !strings.Contains(err.Error(), "0 rows of 4") {
		t.Errorf("loadProducts: %v, want %v", err, errNoModel)
	}
	if got := lines(t, data, "SELECT id FROM catalog_products"); len(got) != 1 {
		t.Errorf("a batch that failed left %d products, want 1", len(got))
	}
}
