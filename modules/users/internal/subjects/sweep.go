package subjects

import (
	"context"
	"time"

	"app/modules/users/internal/audit"
	"app/modules/users/internal/ceremony"
	"app/modules/users/internal/code"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/keys"
	"app/modules/users/internal/pending"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/revocation"
	"app/modules/users/internal/session"
	"app/modules/users/internal/tries"
	"app/platform/database"
)

// keepCodes is how long a row of codes is kept: no shorter than the day for which
// e-mails are counted.
const keepCodes = 24 * time.Hour

// keepStrays is how long a record of the audit log is kept that belongs to no account:
// anybody can cause them.
const keepStrays = 7 * 24 * time.Hour

// SweepOnce removes a batch of what nobody can use any more, and reports whether there
// may be more: codes a day old, sessions, cookies, refresh tokens and keys that have
// run out, journeys that were not finished, old records of the audit log. Two processes
// may do it at once.
func (s *Set) SweepOnce(ctx context.Context) (more bool, err error) {
	now := s.now()
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		more = false
		for _, old := range []struct {
			remove func(context.Context, *database.Tx, time.Time) (int, error)
			before time.Time
		}{
			{registration.Sweep, now.Add(-keepCodes)},
			{code.Sweep, now.Add(-keepCodes)},
			{federation.Sweep, now},
			{ceremony.Sweep, now},
			{session.Sweep, now},
			{session.SweepCookies, now},
			{pending.Sweep, now},
			{tries.Sweep, now},
			{revocation.Sweep, now},
			{keys.Sweep, now},
			{audit.Sweep, now.Add(-s.limits.AuditKeep)},
			{audit.SweepStrays, now.Add(-keepStrays)},
		} {
			n, err := old.remove(ctx, tx, old.before)
			if err != nil {
				return err
			}
			more = more || n > 0
		}
		return nil
	})
	return more && err == nil, err
}
