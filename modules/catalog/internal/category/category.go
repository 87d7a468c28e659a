// Package category is the shop's tree of categories, and which products are in them.
// Administrators change the tree, managers put their products into it, anyone reads it.
package category

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"app/platform/fault"
	"app/platform/ids"
	"app/platform/slug"
	"app/platform/text"
)

// Bounds of the tree. The lengths are in characters.
const (
	MaxCategories = 1_000
	MaxDepth      = 6
	MaxName       = 200
	MaxPosition   = 1_000_000
	// MaxPerProduct is how many categories one product is in.
	MaxPerProduct = 20
)

// Category is one node of the tree.
type Category struct {
	ID string
	// ParentID is empty at the top.
	ParentID string
	// Path is the ids from the top down to the category itself, as "/cat_a/cat_b/".
	Path string
	Name string
	// Slug is unique among the categories with one parent.
	Slug string
	// Position orders categories with one parent, the lowest first.
	Position int64
	// Version counts the changes, from 1, those of where it is included.
	Version   int64
	CreatedAt time.Time
}

// Draft is a category to be.
type Draft struct {
	ParentID, Name, Slug string
	Position             int64
}

// Change holds the new values of a category; nil leaves a value as it is.
type Change struct {
	ParentID, Name, Slug *string
	Position             *int64
}

// toCategory makes the category with the id, whose path is not known yet, or says what
// is wrong with the draft.
func (d Draft) toCategory(id string, now time.Time) (Category, error) {
	c := Category{
		ID: id, ParentID: d.ParentID, Name: d.Name, Slug: d.Slug, Position: d.Position,
		Version: 1, CreatedAt: now.UTC().Truncate(time.Microsecond),
	}
	if wrong := normaliseCategory(&c); len(wrong) > 0 {
		return Category{}, fault.Invalid(wrong...)
	}
	return c, nil
}

// applyTo is a category after the change, or what is wrong with it.
func (c Change) applyTo(to Category) (Category, error) {
	setIfSent(&to.ParentID, c.ParentID)
	setIfSent(&to.Name, c.Name)
	setIfSent(&to.Slug, c.Slug)
	setIfSent(&to.Position, c.Position)
	if wrong := normaliseCategory(&to); len(wrong) > 0 {
		return Category{}, fault.Invalid(wrong...)
	}
	return to, nil
}

func setIfSent[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// normaliseCategory puts the name in the form to keep and lists what is wrong.
func normaliseCategory(c *Category) (wrong []fault.Field) {
	name, err := text.Line(c.Name, 1, MaxName)
	if err != nil {
		wrong = append(wrong, fault.Field{Pointer: "/name", Detail: err.Error()})
	}
	c.Name = name
	wrong = append(wrong, slug.Validate("/slug", c.Slug)...)
	if c.Position < 0 || c.Position > MaxPosition {
		wrong = append(wrong, fault.Field{Pointer: "/position", Detail: fmt.Sprintf("must be between 0 and %d", MaxPosition)})
	}
	if c.ParentID != "" && !ids.Valid("cat", c.ParentID) {
		wrong = append(wrong, fault.Field{Pointer: "/parent_id", Detail: "is not the id of a category"})
	}
	return wrong
}

// pathBelow is the path of a category whose parent has the path, empty at the top.
func (c Category) pathBelow(parent string) string { return cmp.Or(parent, "/") + c.ID + "/" }

// idsOfPath are the ids in a path, from the top.
func idsOfPath(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// pathTo is the part of a path that ends with an id in it.
func pathTo(path, id string) string {
	before, _, _ := strings.Cut(path, "/"+id+"/")
	return before + "/" + id + "/"
}

// validateMove says why a category and all below it, of which the longest path is
// deepest, cannot have the new path: it would be within itself, or more than MaxDepth
// deep. A category that is not in the tree yet has no path, and nothing below it.
func (c Category) validateMove(path, deepest string) error {
	switch deepened := len(idsOfPath(path)) + len(idsOfPath(deepest)) - len(idsOfPath(c.Path)); {
	case c.Path != "" && path != c.Path && strings.HasPrefix(path, c.Path):
		return fault.Invalid(fault.Field{Pointer: "/parent_id", Detail: "is the category itself, or below it"})
	case deepened > MaxDepth:
		return fault.Invalid(fault.Field{Pointer: "/parent_id", Detail: fmt.Sprintf("the tree would be more than %d categories deep", MaxDepth)})
	}
	return nil
}

// inTreeOrder puts each category right before those below it, and categories with one
// parent in the order of their positions, then of their ids.
func inTreeOrder(all []Category) []Category {
	below := map[string][]Category{}
	for _, c := range all {
		below[c.ParentID] = append(below[c.ParentID], c)
	}
	out := make([]Category, 0, len(all))
	var addBelow func(parentID string)
	addBelow = func(parentID string) {
		siblings := below[parentID]
		slices.SortFunc(siblings, func(a, b Category) int {
			return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
		})
		for _, c := range siblings {
			out = append(out, c)
			addBelow(c.ID)
		}
	}
	addBelow("")
	return out
}

// validateIDs lists what is wrong with the categories that a product is to be in,
// whether they exist or not.
func validateIDs(categoryIDs []string) (wrong []fault.Field) {
	if len(categoryIDs) > MaxPerProduct {
		return []fault.Field{{Pointer: "/category_ids", Detail: fmt.Sprintf("must be at most %d", MaxPerProduct)}}
	}
	for i, id := range categoryIDs {
		switch {
		case !ids.Valid("cat", id):
			wrong = append(wrong, fieldOfID(i, "is not the id of a category"))
		case slices.Contains(categoryIDs[:i], id):
			wrong = append(wrong, fieldOfID(i, "is given twice"))
		}
	}
	return wrong
}

func fieldOfID(i int, detail string) fault.Field {
	return fault.Field{Pointer: fmt.Sprintf("/category_ids/%d", i), Detail: detail}
}

// ancestry is the ids of the categories and of all above them, each once.
func ancestry(in []Category) (out []string) {
	for _, c := range in {
		out = append(out, idsOfPath(c.Path)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// missingFrom are the ids of other that are not in path.
func missingFrom(path, other string) (out []string) {
	in := idsOfPath(path)
	for _, id := range idsOfPath(other) {
		if !slices.Contains(in, id) {
			out = append(out, id)
		}
	}
	return out
}
