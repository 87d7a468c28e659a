package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"app/platform/database"
)

// A migration may say
//
//	ALTER TABLE orders_orders REPLACE CHECKS (
//	    CHECK (status = 'open' OR status = 'paid' OR status = 'packed'),
//	    CHECK (total >= 0)
//	)
//
// and the table has these CHECKs and no others, whatever it had and whatever they were
// called. Neither engine knows the statement: SQLite cannot drop a constraint at all,
// and MySQL and MariaDB can by a name that each of them has made up. On MySQL it
// becomes one ALTER TABLE. On SQLite the table is rebuilt
// (https://www.sqlite.org/lang_altertable.html, section 7): a new one, a copy of the
// rows, the old one's name and indexes, all in the transaction of the migration. So a
// process that is killed leaves either the old table or the new one, and whoever comes
// next goes on from there.
type replaceChecks struct {
	table  string
	checks []string
}

var replaceStatement = regexp.MustCompile(`(?is)^\s*ALTER\s+TABLE\s+([a-z0-9_]+)\s+REPLACE\s+CHECKS\s*\((.*)\)\s*;?\s*$`)

var (
	isCheckItem      = regexp.MustCompile(`(?is)^CHECK\s*\(.*\)$`)
	isNamedCheckItem = regexp.MustCompile(`(?is)^CONSTRAINT\s+\S+\s+CHECK\s*\(.*\)$`)
)

// parseReplaceChecks reads the statement, nil when it is another one.
func parseReplaceChecks(text string) (*replaceChecks, error) {
	part := replaceStatement.FindStringSubmatch(withoutComments(text))
	if part == nil {
		return nil, nil
	}
	r := &replaceChecks{table: part[1], checks: splitList(part[2])}
	for _, check := range r.checks {
		if !isCheckItem.MatchString(check) {
			return nil, fmt.Errorf("REPLACE CHECKS takes CHECK (...) and no name, not %q", check)
		}
	}
	return r, nil
}

// withoutComments takes the comments out of a statement.
func withoutComments(text string) string {
	var out strings.Builder
	for len(text) > 0 {
		n := tokenLength(text)
		if strings.HasPrefix(text, "--") || strings.HasPrefix(text, "/*") {
			out.WriteByte('\n')
		} else {
			out.WriteString(text[:n])
		}
		text = text[n:]
	}
	return out.String()
}

// splitList splits at the commas that stand in no parentheses and no quotes.
func splitList(text string) (items []string) {
	depth, item := 0, ""
	for len(text) > 0 {
		n := tokenLength(text)
		token := text[:n]
		text = text[n:]
		if token == "," && depth == 0 {
			items, item = append(items, strings.TrimSpace(item)), ""
			continue
		}
		switch token {
		case "(":
			depth++
		case ")":
			depth--
		}
		item += token
	}
	return append(items, strings.TrimSpace(item))
}

// rebuildTableSQL turns the CREATE TABLE of a table into that of another one with other
// CHECKs. Those beside a column stay, as part of the column.
func (r *replaceChecks) rebuildTableSQL(create, name string) (string, error) {
	create = withoutComments(create)
	first, last := strings.Index(create, "("), strings.LastIndex(create, ")")
	if first < 0 || last < first {
		return "", fmt.Errorf("no list of columns in %q", create)
	}
	items := slices.DeleteFunc(splitList(create[first+1:last]), func(item string) bool {
		return isCheckItem.MatchString(item) || isNamedCheckItem.MatchString(item)
	})
	items = append(items, r.checks...)
	return `CREATE TABLE "` + name + `" (` + strings.Join(items, ",\n") + `)` + create[last+1:], nil
}

// onSQLite rebuilds the table within the transaction of the migration.
func (r *replaceChecks) onSQLite(ctx context.Context, tx *database.Tx) error {
	const children = `SELECT COUNT(*) FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f ON f."table" = ? WHERE m.type = 'table'`
	var create string
	err := tx.QueryRow(ctx, `SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?`, r.table).Scan(&create)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("there is no table %s", r.table)
	}
	if err != nil {
		return err
	}
	var references int
	if err := tx.QueryRow(ctx, children, r.table).Scan(&references); err != nil {
		return err
	}
	if references > 0 { // dropping it would delete from them
		return fmt.Errorf("%s is referenced by a foreign key and cannot be rebuilt", r.table)
	}
	belongings, err := r.indexAndTriggerSQL(ctx, tx)
	if err != nil {
		return err
	}
	name := r.table + "_rebuilt"
	if create, err = r.rebuildTableSQL(create, name); err != nil {
		return err
	}
	statements := []string{create, `INSERT INTO "` + name + `" SELECT * FROM "` + r.table + `"`}
	if strings.Contains(strings.ToUpper(create), "AUTOINCREMENT") { // an emptied table counts on from where it was
		statements = append(statements, `UPDATE sqlite_sequence SET seq = max(seq, (SELECT o.seq FROM sqlite_sequence o WHERE o.name = '`+r.table+`')) WHERE name = '`+name+`'`,
			`INSERT INTO sqlite_sequence (name, seq) SELECT '`+name+`', o.seq FROM sqlite_sequence o WHERE o.name = '`+r.table+`'
			AND NOT EXISTS (SELECT 1 FROM sqlite_sequence n WHERE n.name = '`+name+`')`)
	}
	statements = append(statements, `DROP TABLE "`+r.table+`"`, `ALTER TABLE "`+name+`" RENAME TO "`+r.table+`"`)
	for _, statement := range append(statements, belongings...) {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// indexAndTriggerSQL are the statements that made the indexes and triggers of the
// table.
func (r *replaceChecks) indexAndTriggerSQL(ctx context.Context, tx *database.Tx) (out []string, err error) {
	rows, err := tx.Query(ctx, `SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type <> 'table' AND sql IS NOT NULL ORDER BY rowid`, r.table)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var statement string
		if err := rows.Scan(&statement); err != nil {
			return nil, err
		}
		out = append(out, statement)
	}
	return out, rows.Err()
}

// onMySQL alters the table, once: an earlier run that died after it has left the names
// that this one would give.
func (r *replaceChecks) onMySQL(ctx context.Context, tx *sql.Tx, s script) error {
	have, err := r.existingChecks(ctx, tx)
	if err != nil {
		return err
	}
	var names, changes []string
	for _, name := range have {
		changes = append(changes, "DROP CONSTRAINT `"+name+"`")
	}
	for i, check := range r.checks {
		name := fmt.Sprintf("%s_%s_%d", r.table, s.checksum[:6], i+1)
		names, changes = append(names, name), append(changes, "ADD CONSTRAINT `"+name+"` "+check)
	}
	slices.Sort(have)
	if slices.Sort(names); slices.Equal(have, names) {
		return nil
	}
	_, err = tx.ExecContext(ctx, "ALTER TABLE `"+r.table+"` "+strings.Join(changes, ", "))
	return err
}

// existingChecks names the CHECKs of the table; on MariaDB those beside a column belong
// to the column and cannot be dropped.
func (r *replaceChecks) existingChecks(ctx context.Context, tx *sql.Tx) (names []string, err error) {
	var version string
	if err := tx.QueryRowContext(ctx, `SELECT VERSION()`).Scan(&version); err != nil {
		return nil, err
	}
	query := `SELECT constraint_name FROM information_schema.table_constraints WHERE constraint_schema = DATABASE() AND table_name = ? AND constraint_type = 'CHECK'`
	if strings.Contains(version, "MariaDB") {
		query = `SELECT constraint_name FROM information_schema.check_constraints WHERE constraint_schema = DATABASE() AND table_name = ? AND level = 'Table'`
	}
	rows, err := tx.QueryContext(ctx, query, r.table)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
