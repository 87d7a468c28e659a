package category

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"app/modules/catalog/internal/product"
	"app/platform/database"
)

// categoryRow is a category in the database.
type categoryRow struct {
	bun.BaseModel `bun:"table:catalog_categories,alias:c"`

	ID        string             `bun:"id,pk"`
	ParentID  string             `bun:"parent_id"`
	Path      string             `bun:"path"`
	Name      string             `bun:"name"`
	Slug      string             `bun:"slug"`
	Position  int64              `bun:"position"`
	Version   int64              `bun:"version"`
	CreatedAt database.Timestamp `bun:"created_at"`
}

var categories = database.ModelOf[categoryRow]()

func categoryRowOf(c Category) categoryRow {
	return categoryRow{
		ID: c.ID, ParentID: c.ParentID, Path: c.Path, Name: c.Name, Slug: c.Slug, Position: c.Position, Version: c.Version,
		CreatedAt: database.Timestamp{Time: c.CreatedAt},
	}
}

func (r categoryRow) toCategory() Category {
	return Category{
		ID: r.ID, ParentID: r.ParentID, Path: r.Path, Name: r.Name, Slug: r.Slug, Position: r.Position, Version: r.Version,
		CreatedAt: r.CreatedAt.Time,
	}
}

func toCategories(rows []categoryRow) []Category {
	out := make([]Category, len(rows))
	for i, r := range rows {
		out[i] = r.toCategory()
	}
	return out
}

// memberRow says that a product was put into a category.
type memberRow struct {
	bun.BaseModel `bun:"table:catalog_category_products,alias:m"`

	CategoryID string `bun:"category_id,pk"`
	ProductID  string `bun:"product_id,pk"`
	Position   int64  `bun:"position"`
}

var members = database.ModelOf[memberRow]()

// listingRow says that a product is in a category or below it.
type listingRow struct {
	bun.BaseModel `bun:"table:catalog_category_listings,alias:l"`

	CategoryID string             `bun:"category_id,pk"`
	CreatedAt  database.Timestamp `bun:"created_at,pk"`
	ProductID  string             `bun:"product_id,pk"`
	MerchantID string             `bun:"merchant_id"`
}

var listings = database.ModelOf[listingRow]()

// lockTree makes changes of the tree wait for each other, from here to their ends.
func lockTree(ctx context.Context, tx *database.Tx) error {
	return tx.Lock(ctx, "catalog_locks", "categories")
}

// readTree reads all categories, in no order.
func readTree(ctx context.Context, q *database.Tx) ([]Category, error) {
	rows, err := categories.List(ctx, q, "categories", "")
	return toCategories(rows), err
}

func countCategories(ctx context.Context, q *database.Tx) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT COUNT(*) FROM catalog_categories`).Scan(&n)
	return n, database.Found("count of categories", err)
}

// categoryByID reads a category. The error is database.ErrNotFound when there is none.
func categoryByID(ctx context.Context, q *database.Tx, id string) (Category, error) {
	row, err := categories.Get(ctx, q, "category", "WHERE c.id = ?", id)
	return row.toCategory(), err
}

// insertCategory adds a category. The error is database.ErrDuplicate when the id exists
// or the slug is taken.
func insertCategory(ctx context.Context, tx *database.Tx, c Category) error {
	return categories.Insert(ctx, tx, "category", categoryRowOf(c))
}

// updateCategory writes all but the path over the version that was read. The error is
// database.ErrChanged when that is not the current one, database.ErrDuplicate when the
// slug is taken.
func updateCategory(ctx context.Context, tx *database.Tx, c Category) error {
	err := tx.One(ctx, "update category", `UPDATE catalog_categories
		SET parent_id = ?, name = ?, slug = ?, position = ?, version = version + 1 WHERE id = ? AND version = ?`,
		c.ParentID, c.Name, c.Slug, c.Position, c.ID, c.Version)
	if database.IsDuplicate(err) {
		return database.ErrDuplicate
	}
	return err
}

// below bounds the paths that begin with one: "0" is the character after the slash.
func below(path string) (from, to string) { return path, path[:len(path)-1] + "0" }

// deepestBelow is the longest path of a category and those below it.
func deepestBelow(ctx context.Context, q *database.Tx, path string) (deepest string, err error) {
	from, to := below(path)
	err = q.QueryRow(ctx, `SELECT path FROM catalog_categories WHERE path >= ? AND path < ? ORDER BY LENGTH(path) DESC, path LIMIT 1`,
		from, to).Scan(&deepest)
	return deepest, database.Found("deepest category", err)
}

// moveSubtree gives a category and all below it the path after in place of before, and
// lists their products where they are now.
func moveSubtree(ctx context.Context, tx *database.Tx, before, after string) error {
	from, to := below(before)
	_, err := tx.Exec(ctx, `UPDATE catalog_categories SET path = REPLACE(path, ?, ?), version = version + 1 WHERE path >= ? AND path < ?`,
		before, after, from, to)
	if err != nil {
		return fmt.Errorf("update paths: %w", err)
	}
	for _, id := range missingFrom(after, before) {
		if err := unlistStrays(ctx, tx, id, pathTo(before, id)); err != nil {
			return err
		}
	}
	for _, id := range missingFrom(before, after) {
		if err := listBelow(ctx, tx, id, after); err != nil {
			return err
		}
	}
	return nil
}

// unlistStrays takes products off the list of a category that are not below its path.
func unlistStrays(ctx context.Context, tx *database.Tx, id, path string) error {
	from, to := below(path)
	_, err := tx.Exec(ctx, `DELETE FROM catalog_category_listings WHERE category_id = ? AND NOT EXISTS (
		SELECT 1 FROM catalog_category_products m JOIN catalog_categories c ON c.id = m.category_id
		WHERE m.product_id = catalog_category_listings.product_id AND c.path >= ? AND c.path < ?)`, id, from, to)
	if err != nil {
		return fmt.Errorf("delete listings: %w", err)
	}
	return nil
}

// listBelow puts the products below a path on the list of a category.
func listBelow(ctx context.Context, tx *database.Tx, id, path string) error {
	from, to := below(path)
	_, err := tx.Exec(ctx, `INSERT INTO catalog_category_listings (category_id, created_at, product_id, merchant_id)
		SELECT DISTINCT a.id, p.created_at, p.id, p.merchant_id FROM catalog_categories a
		JOIN catalog_categories c ON c.path >= ? AND c.path < ?
		JOIN catalog_category_products m ON m.category_id = c.id JOIN catalog_products p ON p.id = m.product_id
		WHERE a.id = ? AND p.archived_at = 0 AND NOT EXISTS (SELECT 1 FROM catalog_category_listings l
		WHERE l.category_id = a.id AND l.created_at = p.created_at AND l.product_id = p.id)`, from, to, id)
	if err != nil {
		return fmt.Errorf("insert listings: %w", err)
	}
	return nil
}

// deleteCategory deletes the version of a category that was read. The error is
// database.ErrChanged when that is not the current one.
func deleteCategory(ctx context.Context, tx *database.Tx, c Category) error {
	return tx.One(ctx, "delete category", `DELETE FROM catalog_categories WHERE id = ? AND version = ?`, c.ID, c.Version)
}

// countBelow counts the categories right below one.
func countBelow(ctx context.Context, q *database.Tx, id string) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT COUNT(*) FROM catalog_categories WHERE parent_id = ?`, id).Scan(&n)
	return n, database.Found("categories below", err)
}

// countProducts counts the listed products that were put into a category.
func countProducts(ctx context.Context, q *database.Tx, id string) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT COUNT(*) FROM catalog_category_products m JOIN catalog_products p ON p.id = m.product_id
		WHERE m.category_id = ? AND p.archived_at = 0`, id).Scan(&n)
	return n, database.Found("products of category", err)
}

// deleteLeftovers deletes what archived products have left of themselves in a category.
func deleteLeftovers(ctx context.Context, tx *database.Tx, id string) error {
	for _, statement := range []string{
		`DELETE FROM catalog_category_products WHERE category_id = ?`, `DELETE FROM catalog_category_listings WHERE category_id = ?`,
	} {
		if _, err := tx.Exec(ctx, statement, id); err != nil {
			return fmt.Errorf("delete what was in category: %w", err)
		}
	}
	return nil
}

// lockCategories reads those of the categories that exist and keeps them as they are
// until the end of the transaction.
func lockCategories(ctx context.Context, tx *database.Tx, categoryIDs []string) ([]Category, error) {
	if len(categoryIDs) == 0 {
		return nil, nil
	}
	var rows []categoryRow
	query := tx.Bun().NewSelect().Model(&rows).Where("c.id IN (?)", bun.List(categoryIDs)).OrderExpr("c.id")
	if tx.Engine() == database.MySQL {
		query.For("UPDATE")
	}
	if err := query.Scan(ctx); err != nil {
		return nil, fmt.Errorf("lock categories: %w", err)
	}
	return toCategories(rows), nil
}

// replaceMembership puts a product into the categories, in their order, and into no
// others.
func replaceMembership(ctx context.Context, tx *database.Tx, p product.Product, in []Category) error {
	for _, statement := range []string{
		`DELETE FROM catalog_category_products WHERE product_id = ?`, `DELETE FROM catalog_category_listings WHERE product_id = ?`,
	} {
		if _, err := tx.Exec(ctx, statement, p.ID); err != nil {
			return fmt.Errorf("delete membership: %w", err)
		}
	}
	var put []memberRow
	for i, c := range in {
		put = append(put, memberRow{CategoryID: c.ID, ProductID: p.ID, Position: int64(i)})
	}
	if err := members.Insert(ctx, tx, "products of category", put...); err != nil {
		return err
	}
	var listed []listingRow
	for _, id := range ancestry(in) {
		listed = append(listed, listingRow{
			CategoryID: id, CreatedAt: database.Timestamp{Time: p.CreatedAt}, ProductID: p.ID, MerchantID: p.MerchantID,
		})
	}
	return listings.Insert(ctx, tx, "listings", listed...)
}
