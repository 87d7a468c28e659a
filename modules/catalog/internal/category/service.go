package category

import (
	"context"
	"errors"
	"time"

	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/reason"
	"app/modules/catalog/internal/stock"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
	"app/platform/slug"
)

// Products is what categories ask of the products that are in them.
type Products interface {
	// ItemFor reads a listed product for a caller who has at least the role with its
	// merchant. Errors: not_found, permission_denied, failed_precondition
	// (merchant_not_approved).
	ItemFor(ctx context.Context, productID string, least merchantsv1.Role) (stock.Item, error)
}

// Options put a service together. All are required.
type Options struct {
	DB       *database.DB
	Products Products
	Now      func() time.Time
}

// Service keeps the tree and puts products into it. It is safe for concurrent use.
type Service struct{ Options }

// New makes a service on a migrated database.
func New(o Options) *Service { return &Service{o} }

// Tree reads all categories, each before those below it; anyone may.
func (s *Service) Tree(ctx context.Context) ([]Category, error) {
	all, err := database.ReadOne(ctx, s.DB, readTree)
	return inTreeOrder(all), err
}

// ByID reads a category; anyone may. Errors: not_found.
func (s *Service) ByID(ctx context.Context, id string) (Category, error) {
	return database.ReadOne(ctx, s.DB, func(ctx context.Context, q *database.Tx) (Category, error) {
		return findCategory(ctx, q, id)
	})
}

func findCategory(ctx context.Context, q *database.Tx, id string) (Category, error) {
	if !ids.Valid("cat", id) {
		return Category{}, reason.CategoryNotFound.New()
	}
	c, err := categoryByID(ctx, q, id)
	if errors.Is(err, database.ErrNotFound) {
		return Category{}, reason.CategoryNotFound.New()
	}
	return c, err
}

// Create adds a category, for administrators. Repeated with the same idempotency key it
// returns the category made before. Errors: invalid_argument, already_exists
// (slug_taken), failed_precondition (too_many_categories).
func (s *Service) Create(ctx context.Context, d Draft) (Category, error) {
	now := s.Now()
	c, err := d.toCategory(ids.For(ctx, "cat", now), now)
	if err != nil {
		return Category{}, err
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Category, error) {
		if err := lockTree(ctx, tx); err != nil {
			return Category{}, err
		}
		if made, err := categoryByID(ctx, tx, c.ID); !errors.Is(err, database.ErrNotFound) {
			return made, err // by an earlier run of the same request
		}
		return addCategory(ctx, tx, c)
	})
}

// addCategory adds a category to the tree, which is locked.
func addCategory(ctx context.Context, tx *database.Tx, c Category) (Category, error) {
	count, err := countCategories(ctx, tx)
	if err != nil {
		return Category{}, err
	}
	if count >= MaxCategories {
		return Category{}, reason.TooManyCategories.Newf("The shop has %d categories, which is as many as there may be.", count)
	}
	path, err := pathOf(ctx, tx, c)
	if err != nil {
		return Category{}, err
	}
	if err := c.validateMove(path, ""); err != nil {
		return Category{}, err
	}
	c.Path = path
	err = insertCategory(ctx, tx, c)
	if errors.Is(err, database.ErrDuplicate) {
		return Category{}, slug.TakenAt("/slug")
	}
	return c, err
}

// pathOf is where a category belongs by its parent.
func pathOf(ctx context.Context, q *database.Tx, c Category) (string, error) {
	if c.ParentID == "" {
		return c.pathBelow(""), nil
	}
	parent, err := categoryByID(ctx, q, c.ParentID)
	if errors.Is(err, database.ErrNotFound) {
		return "", fault.Invalid(fault.Field{Pointer: "/parent_id", Detail: "is not the id of a category"})
	}
	return c.pathBelow(parent.Path), err
}

// Change changes a category, for administrators. With another parent all that is below
// moves with it. Errors: invalid_argument, not_found, version_mismatch, already_exists
// (slug_taken).
func (s *Service) Change(ctx context.Context, id string, match product.Match, c Change) (Category, error) {
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Category, error) {
		before, err := lockAndMatch(ctx, tx, id, match)
		if err != nil {
			return Category{}, err
		}
		next, err := c.applyTo(before)
		if err != nil {
			return Category{}, err
		}
		if err := changeCategory(ctx, tx, before, next); err != nil {
			return Category{}, err
		}
		return categoryByID(ctx, tx, id)
	})
}

// lockAndMatch locks the tree and reads a category that is meant to be changed.
func lockAndMatch(ctx context.Context, tx *database.Tx, id string, match product.Match) (Category, error) {
	if err := lockTree(ctx, tx); err != nil {
		return Category{}, err
	}
	c, err := findCategory(ctx, tx, id)
	if err != nil {
		return Category{}, err
	}
	return c, match(c.Version)
}

// changeCategory writes a category, and where it and all below it are now.
func changeCategory(ctx context.Context, tx *database.Tx, before, next Category) error {
	path, err := pathOf(ctx, tx, next)
	if err != nil {
		return err
	}
	deepest, err := deepestBelow(ctx, tx, before.Path)
	if err != nil {
		return err
	}
	if err := before.validateMove(path, deepest); err != nil {
		return err
	}
	err = updateCategory(ctx, tx, next)
	if errors.Is(err, database.ErrDuplicate) {
		return slug.TakenAt("/slug")
	}
	if err != nil || path == before.Path {
		return err
	}
	return moveSubtree(ctx, tx, before.Path, path)
}

// Delete removes a category that nothing is in, for administrators. Errors: not_found,
// version_mismatch, failed_precondition (category_not_empty).
func (s *Service) Delete(ctx context.Context, id string, match product.Match) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		c, err := lockAndMatch(ctx, tx, id, match)
		if err != nil {
			return err
		}
		return deleteEmpty(ctx, tx, c)
	})
}

// deleteEmpty deletes a category of the locked tree. The row goes before products are
// looked for: whoever puts one into the category locks the row, and has either committed
// by then or finds the category gone.
func deleteEmpty(ctx context.Context, tx *database.Tx, c Category) error {
	if err := deleteCategory(ctx, tx, c); err != nil {
		return err
	}
	for _, count := range []func(context.Context, *database.Tx, string) (int, error){countBelow, countProducts} {
		n, err := count(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		if n > 0 {
			return reason.CategoryNotEmpty.New()
		}
	}
	return deleteLeftovers(ctx, tx, c.ID)
}
