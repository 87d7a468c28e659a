package session

import (
	"context"
	"fmt"
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// View is a session as its user sees it.
type View struct {
	Session
	Current bool // the request was made with it
}

// List lists the caller's sessions that have not ended, the newest first, after the
// one with the id when it is not empty. Error: Unauthenticated.
func (s *Service) List(ctx context.Context, after string, limit int) ([]View, error) {
	caller := identity.FromContext(ctx)
	if caller.UserID == "" {
		return nil, fault.NotSignedIn.New()
	}
	var found []Session
	err := s.db.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		found, err = listSessions(ctx, q, caller.UserID, after, s.now(), limit)
		return err
	})
	out := make([]View, len(found))
	for i, session := range found {
		out[i] = View{Session: session, Current: session.ID == caller.SessionID}
	}
	return out, err
}

// End ends one session of the caller's, also the one that the request is made
// with; any other needs a fresh proof of who the caller is (ASVS 7.5.2). Errors:
// NotFound when the caller has no such session, or no longer; step_up_required;
// Unauthenticated.
func (s *Service) End(ctx context.Context, id string) error {
	caller := identity.FromContext(ctx)
	switch {
	case caller.UserID == "":
		return fault.NotSignedIn.New()
	case !ids.Valid("ses", id):
		return reason.SessionNotFound.New()
	}
	return s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if id != caller.SessionID {
			if _, err := s.RequireRecent(ctx, tx); err != nil {
				return err
			}
		}
		session, err := findSession(ctx, tx, id)
		if err == nil && session.AccountID != caller.UserID {
			err = store.ErrNotFound
		}
		if err != nil {
			return store.Missing(reason.SessionNotFound, err)
		}
		ok, err := s.endSession(ctx, tx, id, endedByOther)
		if err != nil {
			return err
		}
		if !ok {
			return reason.SessionNotFound.New()
		}
		return s.audits.Record(ctx, tx, audit.Entry{AccountID: caller.UserID, Event: audit.SessionEnded, Outcome: audit.OutcomeOK, Detail: id})
	})
}

// EndOthers ends every session of the caller's but the one that the request is
// made with, and tells how many. Errors: step_up_required; Unauthenticated.
func (s *Service) EndOthers(ctx context.Context) (ended int, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		session, err := s.RequireRecent(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := account.Lock(ctx, tx, session.AccountID); err != nil {
			return account.SignedOut(err)
		}
		if ended, err = s.EndAll(ctx, tx, session.AccountID, session.ID, endedByOther); err != nil || ended == 0 {
			return err
		}
		return s.audits.Record(ctx, tx, audit.Entry{AccountID: session.AccountID, Event: audit.SessionEnded, Outcome: audit.OutcomeOK, Detail: "all others"})
	})
	return ended, err
}

// Browser is whose browser a cookie is.
type Browser struct {
	UserID, SessionID string
	Admin             bool
	// As in identity.Principal.
	FactorNeeded, AdminWithheld bool

	Expires time.Time // if it is not used again
}

// Browser finds the session of a cookie, and notes at most once a minute that it is in
// use. Error: NotFound when the cookie opens nothing, or no longer.
func (s *Service) Browser(ctx context.Context, value string) (Browser, error) {
	b, err := s.findCookie(ctx, value)
	if err != nil {
		return Browser{}, err
	}
	now := s.now()
	if now.Sub(b.Session.LastUsedAt) >= sessionsTouched {
		b.ExpiresAt = s.idleEnd(now, b.Session.ExpiresAt)
		err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			return store.Missing(reason.SessionNotFound, recordUse(ctx, tx, b.Cookie, now))
		})
	}
	p := s.sessionPrincipal(b.Session, b.Admin)
	return Browser{
		UserID: p.UserID, SessionID: p.SessionID, Admin: p.Admin, FactorNeeded: p.FactorNeeded, AdminWithheld: p.AdminWithheld, Expires: b.ExpiresAt,
	}, err
}

// findCookie asks scs, which asks the store, for what the value opens.
func (s *Service) findCookie(ctx context.Context, value string) (openCookie, error) {
	manager, work := s.cookieManager(), &cookieWork{}
	err := s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		work.tx = q
		ctx, err := manager.Load(withWork(ctx, work), value)
		if err != nil {
			return fmt.Errorf("load cookie: %w", err)
		}
		if id := manager.GetString(ctx, sessionValue); id == "" || id != work.found.SessionID {
			return reason.SessionNotFound.New()
		}
		return nil
	})
	return work.found, err
}

// CallerAccount reads the account that the request is made by, with a session and not
// with a key. Error: Unauthenticated.
func (s *Service) CallerAccount(ctx context.Context) (owner account.Account, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		session, err := s.Own(ctx, q)
		if err != nil {
			return err
		}
		owner, err = account.ByID(ctx, q, session.AccountID)
		if err == nil && owner.Disabled() {
			return fault.NotSignedIn.New()
		}
		return account.SignedOut(err)
	})
	return owner, err
}
