package category_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/category"
	"app/modules/catalog/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/fault"
	"app/platform/ids"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// A field that a form leaves out would be lost, and fails here.
func TestFormsHaveEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, category.RowOf, category.OfRow)
	dbtest.RoundTrip(t, category.OfRow, category.RowOf)
	dbtest.WantFilled(t, category.Render(dbtest.Filled[category.Category](t)))
	dbtest.WantFilled(t, category.DraftOf(dbtest.Filled[category.CreateBody](t)))
	change := category.ChangeOf(dbtest.Filled[category.ChangeBody](t))
	parent := ids.New("cat", catalogtest.Start)
	slug := "chairs"
	change.ParentID, change.Slug = &parent, &slug
	changed, err := change.ApplyTo(category.Category{})
	if err != nil {
		t.Fatal(err)
	}
	dbtest.WantFilled(t, changed, "ID", "Path", "Version", "CreatedAt")
}

func TestTreeOrder(t *testing.T) {
	t.Parallel()
	node := func(id, parent string, position int64) category.Category {
		return category.Category{ID: id, ParentID: parent, Position: position}
	}
	got := ""
	for _, c := range category.InTreeOrder([]category.Category{
		node("z", "y", 0), node("b", "", 1), node("y", "a", 7), node("x", "a", 7), node("c", "", 0), node("a", "", 1), node("w", "a", 9),
	}) {
		got += c.ID
	}
	if want := "caxyzwb"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhereACategoryMayMove(t *testing.T) {
	t.Parallel()
	c := category.Category{ID: "c", Path: "/a/c/"}
	for name, tc := range map[string]struct {
		path, deepest string
		ok            bool
	}{
		"to the top":                    {"/c/", "/a/c/d/", true},
		"nowhere":                       {"/a/c/", "/a/c/d/", true},
		"next to one with a like name":  {"/a/cc/c/", "/a/c/", true},
		"below itself":                  {"/a/c/c/", "/a/c/", false},
		"below what is below it":        {"/a/c/d/c/", "/a/c/d/", false},
		"as deep as there is":           {"/1/2/3/4/5/c/", "/a/c/", true},
		"too deep":                      {"/1/2/3/4/5/6/c/", "/a/c/", false},
		"as deep for what is below it":  {"/1/2/3/4/c/", "/a/c/d/", true},
		"too deep for what is below it": {"/1/2/3/4/5/c/", "/a/c/d/", false},
	} {
		if err := c.ValidateMove(tc.path, tc.deepest); (err == nil) != tc.ok || err != nil && fault.CodeOf(err) != fault.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The schema holds what the code checks, on both engines.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		insert := func(c category.Category) error {
			return db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error { return category.Insert(ctx, tx, c) })
		}
		parent := ids.New("cat", catalogtest.Start)
		deepest := category.Category{ID: "1", ParentID: parent, Path: strings.Repeat("/"+parent, category.MaxDepth) + "/", Slug: "abc", CreatedAt: catalogtest.Start}
		if err := insert(deepest); err != nil {
			t.Fatal(err)
		}
		for name, broken := range map[string]struct {
			change func(c *category.Category)
			is     func(error) bool
		}{
			"two with one slug":   {func(c *category.Category) { c.Slug = "abc" }, isDuplicate},
			"two with one path":   {func(c *category.Category) { c.Path = deepest.Path }, isDuplicate},
			"seven deep":          {func(c *category.Category) { c.Path = "/" + parent + deepest.Path }, database.IsCheck},
			"a negative position": {func(c *category.Category) { c.Position = -1 }, database.IsCheck},
		} {
			c := category.Category{ID: "2", ParentID: parent, Path: "/2/", Slug: "b", CreatedAt: catalogtest.Start}
			broken.change(&c)
			if err := insert(c); !broken.is(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := insert(category.Category{ID: "3", ParentID: "other", Path: "/3/", Slug: "abc", CreatedAt: catalogtest.Start}); err != nil {
			t.Errorf("the slug below another parent: %v", err)
		}
	}, migrations.Files)
}

func TestTheTreeIsBounded(t *testing.T) {
	t.Parallel()
	s := catalogtest.Open(t)
	s.Must(s.DB.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		for i := range category.MaxCategories - 1 {
			id := fmt.Sprint("cat_", i)
			c := category.Category{ID: id, Path: "/" + id + "/", Slug: id, Version: 1, CreatedAt: catalogtest.Start}
			if err := category.Insert(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	}))
	_, err := s.Tree.Create(t.Context(), category.Draft{Name: "last", Slug: "last"})
	s.Must(err)
	_, err = s.Tree.Create(t.Context(), category.Draft{Name: "more", Slug: "more"})
	catalogtest.WantReason(t, err, fault.FailedPrecondition, "too_many_categories")
	if all, err := s.Tree.Tree(t.Context()); len(all) != category.MaxCategories || err != nil {
		t.Errorf("%d categories, %v", len(all), err)
	}
}

func isDuplicate(err error) bool { return errors.Is(err, database.ErrDuplicate) }

func TestDraftsAreJudgedByField(t *testing.T) {
	t.Parallel()
	s := catalogtest.Open(t)
	for name, tc := range map[string]struct {
		draft    category.Draft
		pointers []string
	}{
		"nothing":         {category.Draft{}, []string{"/name", "/slug"}},
		"odd slug":        {category.Draft{Name: "n", Slug: "ab--c"}, []string{"/slug"}},
		"capitals":        {category.Draft{Name: "n", Slug: "Abc"}, []string{"/slug"}},
		"long slug":       {category.Draft{Name: "n", Slug: strings.Repeat("abc", 17)}, []string{"/slug"}},
		"controls":        {category.Draft{Name: "a\x07", Slug: "abc"}, []string{"/name"}},
		"position":        {category.Draft{Name: "n", Slug: "abc", Position: category.MaxPosition + 1}, []string{"/position"}},
		"no id of a kind": {category.Draft{Name: "n", Slug: "abc", ParentID: catalogtest.Merchant}, []string{"/parent_id"}},
		"no such parent":  {category.Draft{Name: "n", Slug: "abc", ParentID: ids.New("cat", catalogtest.Start)}, []string{"/parent_id"}},
	} {
		_, err := s.Tree.Create(t.Context(), tc.draft)
		var got []string
		for _, f := range fault.From(err).Fields {
			got = append(got, f.Pointer)
		}
		if diff := cmp.Diff(tc.pointers, got); diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}
