package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"app/platform/config"
	"app/platform/database"
	"app/platform/database/transfer"
	"app/platform/host"
)

func (p *Program) dataCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "data",
		Short:   "Copy a module's data to another database, back up, restore",
		Example: "  app data copy --module=orders --to=mysql://orders:secret@db:3306/orders\n  app data backup --to=backups/today",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.dataCopy(), p.dataBackup(), p.dataRestore())
	return c
}

func (p *Program) dataCopy() *cobra.Command {
	var module, from, to string
	c := &cobra.Command{
		Use:   "copy",
		Short: "Copy all data of a module to another database, SQLite or MySQL, and compare",
		Long: "Copy brings the target up to the module's schema, copies every table, and reads both sides again to compare numbers of\n" +
			"rows and checksums. The module must not be served meanwhile, and the target must be empty. A copy that was interrupted is\n" +
			"continued by the same command; until it is complete its target cannot be served. Places are written as in\n" +
			"<MODULE>_DATABASE_URL, or as @FILE for a file that holds one.",
		Example: "  app data copy --module=orders --to=mysql://orders:secret@db:3306/orders\n" +
			"  app data copy --module=orders --from=@/run/secrets/orders_database_url --to=sqlite:data/orders.db",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.runCopy(c, module, from, to) },
	}
	c.Flags().StringVar(&module, "module", "", "the module whose data is copied")
	c.Flags().StringVar(&from, "from", "", "where it is (default: where the configuration says)")
	c.Flags().StringVar(&to, "to", "", "where it goes")
	_ = errors.Join(c.MarkFlagRequired("module"), c.MarkFlagRequired("to")) // they are defined above
	return c
}

func (p *Program) runCopy(c *cobra.Command, module, from, to string) error {
	from, fromErr := readLocation(from)
	to, toErr := readLocation(to)
	if err := errors.Join(fromErr, toErr); err != nil {
		return &usageError{err}
	}
	copied, err := host.CopyData(c.Context(), p.hostOptions(p.Modules()), module, from, to, p.copyProgress())
	printCopied(p.Out, copied)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(p.Out, "%s is the same in both places: set %s to the new one before it is served again\n",
		module, config.ModuleVariable(module, "DATABASE_URL"))
	return nil
}

// readLocation reads a place, from a file when it says so.
func readLocation(text string) (string, error) {
	path, file := strings.CutPrefix(text, "@")
	if !file {
		return text, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the place of a database: %w", err)
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}

// progressEvery is how often a line of progress is written for a table.
const progressEvery = time.Second

// copyProgress writes a line for each table that has rows, and more for those that take
// long.
func (p *Program) copyProgress() func(table string, done, all int64) {
	var last time.Time
	return func(table string, done, all int64) {
		if now := p.Now(); all > 0 && (done >= all || now.Sub(last) >= progressEvery) {
			last = now
			_, _ = fmt.Fprintf(p.Err, "%s: %d of %d rows\n", table, done, all)
		}
	}
}

func printCopied(out io.Writer, copied []transfer.Copied) {
	if len(copied) == 0 {
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "TABLE\tROWS\tCHECKSUM\t")
	for _, t := range copied {
		result := ""
		if !t.Same() {
			result = fmt.Sprintf("DIFFERS: %d rows, %s in the target", t.To.Rows, t.To)
		}
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", t.Table, t.From.Rows, t.From, result)
	}
	_ = w.Flush()
}

func (p *Program) dataBackup() *cobra.Command {
	var chosen selection
	var folder string
	c := &cobra.Command{
		Use:   "backup",
		Short: "Write a copy of each module's SQLite database, which may be in use, to a folder",
		Long: "Backup writes <folder>/<module>.db for each module, as its database is at one moment, and checks it. Modules may be served\n" +
			"meanwhile; they are backed up one after the other. For modules on MySQL use the tools of the server: docs/operations.md.",
		Example: "  app data backup --to=backups/2026-11-21\n  app data backup --module=orders --to=backups/2026-11-21",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.runBackup(c, &chosen, folder) },
	}
	chosen.addFlags(c, "back up")
	c.Flags().StringVar(&folder, "to", "", "the folder, made when it is missing")
	_ = c.MarkFlagRequired("to") // it is defined above
	return c
}

func (p *Program) runBackup(c *cobra.Command, chosen *selection, folder string) error {
	var elsewhere []string
	err := p.eachDatabase(c, chosen, false, func(module string, db *database.DB) error {
		path := filepath.Join(folder, module+".db")
		err := transfer.Backup(c.Context(), db, path)
		if errors.Is(err, transfer.ErrNotAFile) {
			elsewhere = append(elsewhere, module)
			return nil
		}
		if err == nil {
			_, _ = fmt.Fprintf(p.Out, "%s: %s\n", module, path)
		}
		return err
	})
	if err == nil && len(elsewhere) > 0 {
		err = fmt.Errorf("not backed up, since not in SQLite: %s", strings.Join(elsewhere, ", "))
	}
	return err
}

func (p *Program) dataRestore() *cobra.Command {
	var module, file string
	c := &cobra.Command{
		Use:   "restore",
		Short: "Put a backup of a module's SQLite database into its place",
		Long: "Restore checks the backup and puts it where the module's database is, which nobody may have open. What was there is kept\n" +
			"beside it. What that means for events is told in docs/operations.md.",
		Example: "  app data restore --module=orders --from=backups/2026-11-21/orders.db",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			former, err := host.RestoreData(c.Context(), p.hostOptions(p.Modules()), module, file)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintf(p.Out, "%s: restored from %s\n", module, file)
			if former != "" {
				_, _ = fmt.Fprintf(p.Out, "%s: what was there is now %s\n", module, former)
			}
			return nil
		},
	}
	c.Flags().StringVar(&module, "module", "", "the module")
	c.Flags().StringVar(&file, "from", "", "the file of the backup")
	_ = errors.Join(c.MarkFlagRequired("module"), c.MarkFlagRequired("from")) // they are defined above
	return c
}
