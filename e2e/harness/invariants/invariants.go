// Package invariants checks, by SQL over the databases of all modules, what must hold
// of a shop that has come to rest, whatever happened to it before. It shares no code
// with the shop: the accused does not write the verdict. What it knows of the schema is
// written down here.
package invariants

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Databases are open connections to each module's database, by module name.
type Databases map[string]*sql.DB

// Violation is one thing that must not be and is.
type Violation struct {
	Rule   string // the invariant's name
	Detail string // which rows
}

// String writes the violation on one line.
func (v Violation) String() string { return v.Rule + ": " + v.Detail }

// Acknowledged is an order that a client was told of.
type Acknowledged struct {
	OrderID string
	Key     string // the idempotency key of its checkout
}

// rule is one invariant. It returns a line for each row that breaks it.
type rule struct {
	name  string
	check func(ctx context.Context, c *checker) ([]string, error)
}

type checker struct {
	dbs          Databases
	acknowledged []Acknowledged
}

// Check runs every invariant and returns what it found. An error means that a database
// could not be asked.
func Check(ctx context.Context, dbs Databases, acknowledged []Acknowledged) ([]Violation, error) {
	c := &checker{dbs: dbs, acknowledged: acknowledged}
	var found []Violation
	for _, r := range rules() {
		lines, err := r.check(ctx, c)
		if err != nil {
			return found, fmt.Errorf("%s: %w", r.name, err)
		}
		for _, line := range lines {
			found = append(found, Violation{Rule: r.name, Detail: line})
		}
	}
	return found, nil
}

// Names lists the invariants in the order in which they are checked.
func Names() []string {
	var names []string
	for _, r := range rules() {
		names = append(names, r.name)
	}
	return names
}

func rules() []rule {
	return slices.Concat(orderRules(), stockRules(), moneyRules(), eventRules(), letterRules())
}

// query makes a rule of a statement over one module's database that selects one text
// for each violation.
func query(name, module, statement string) rule {
	return rule{name, func(ctx context.Context, c *checker) ([]string, error) {
		return c.texts(ctx, module, statement)
	}}
}

// texts runs a statement that selects one text column.
func (c *checker) texts(ctx context.Context, module, statement string) ([]string, error) {
	rows, err := c.rows(ctx, module, 1, statement)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r[0]
	}
	return out, nil
}

// rows runs a statement and returns each row as texts, NULL as "".
func (c *checker) rows(ctx context.Context, module string, columns int, statement string) ([][]string, error) {
	db, ok := c.dbs[module]
	if !ok {
		return nil, fmt.Errorf("no database of %s was given", module)
	}
	rows, err := db.QueryContext(ctx, statement)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", module, err)
	}
	defer func() { _ = rows.Close() }() // Err tells
	var out [][]string
	for rows.Next() {
		cells := make([]sql.NullString, columns)
		into := make([]any, columns)
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("read %s: %w", module, err)
		}
		texts := make([]string, columns)
		for i, cell := range cells {
			texts[i] = cell.String
		}
		out = append(out, texts)
	}
	return out, rows.Err()
}

// table reads a statement's rows by their first column. Two rows with one key are a
// defect of the statement.
func (c *checker) table(ctx context.Context, module string, columns int, statement string) (map[string][]string, error) {
	rows, err := c.rows(ctx, module, columns, statement)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]string, len(rows))
	for _, r := range rows {
		if _, twice := out[r[0]]; twice {
			return nil, fmt.Errorf("two rows for %q of %s", r[0], strings.Join(strings.Fields(statement), " "))
		}
		out[r[0]] = r[1:]
	}
	return out, nil
}
