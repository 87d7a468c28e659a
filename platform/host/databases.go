package host

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"app/platform/database"
	"app/platform/database/migrate"
)

// databaseRetry is how soon a server that is away is asked again at start.
const databaseRetry = 250 * time.Millisecond

// awaitDatabase opens and migrates the database of a module. A process may start before
// its server: it waits, answers /live, and says on /ready what for, instead of ending
// and being started again ever more rarely. A command does not wait.
func (h *Host) awaitDatabase(ctx context.Context, module string, owner DatabaseOwner) (*database.DB, error) {
	for told := false; ; told = true {
		db, err := h.openMigrated(ctx, module, owner)
		if err == nil || h.options.tool || ctx.Err() != nil || !database.IsAway(err) {
			return db, err
		}
		if !told {
			h.logger.WarnContext(ctx, "waiting for a database", slog.String("module", module), slog.Any("error", err))
		}
		h.gate.Close("waiting: " + err.Error())
		sleepContext(ctx, databaseRetry)
	}
}

func (h *Host) openMigrated(ctx context.Context, module string, owner DatabaseOwner) (*database.DB, error) {
	db, err := h.openDatabase(ctx, module, owner)
	if err != nil {
		return nil, err
	}
	if _, err := migrate.Up(ctx, db); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("migrate the database of %s: %w", module, err)
	}
	return db, nil
}
