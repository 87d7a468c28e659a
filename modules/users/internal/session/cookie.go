package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/platform/database"
)

// cookieManager is scs with a store of ours: it makes the tokens and knows when to
// write; how long a session lives is decided here, by the clock of the service. The
// manager is not made with scs.New, which would start a store in memory and its
// goroutine.
func (s *Service) cookieManager() *scs.SessionManager {
	return &scs.SessionManager{Lifetime: s.limits.BrowserLife, Store: cookieStore{s}, Codec: cookieCodec{}}
}

// sessionValue is the one value that scs keeps for us: what else there is to know of a
// session is in its row.
const sessionValue = "session"

// newCookie gives a session a cookie with a token of its own, in the transaction tx.
func (s *Service) newCookie(ctx context.Context, tx *database.Tx, session Session) (authn.BrowserCookie, error) {
	manager := s.cookieManager()
	ctx, err := manager.Load(withWork(ctx, &cookieWork{tx: tx}), "") // never what the client brought along
	if err != nil {
		return authn.BrowserCookie{}, fmt.Errorf("new cookie: %w", err)
	}
	manager.Put(ctx, sessionValue, session.ID)
	token, _, err := manager.Commit(ctx)
	if err != nil {
		return authn.BrowserCookie{}, fmt.Errorf("new cookie: %w", err)
	}
	return authn.BrowserCookie{Token: token, Expires: session.ExpiresAt}, nil
}

// RenewCookie gives a browser's session a new cookie and makes the ones before void. A
// session of tokens stays as it is.
func (s *Service) RenewCookie(ctx context.Context, tx *database.Tx, session Session) (SignedIn, error) {
	out := SignedIn{Session: session}
	if authn.Transport(session.Transport) != authn.Cookie {
		return out, nil
	}
	if err := s.dropCookies(ctx, tx, session.ID); err != nil {
		return SignedIn{}, err
	}
	var err error
	out.Browser, err = s.newCookie(ctx, tx, session)
	return out, err
}

// idleEnd is when a cookie ends that is used now and not again.
func (s *Service) idleEnd(now, sessionEnd time.Time) time.Time {
	if idle := now.Add(s.limits.BrowserIdle); idle.Before(sessionEnd) {
		return idle
	}
	return sessionEnd
}

// cookieWork is the transaction that the store works in, and what it found there: scs
// passes a context only.
type cookieWork struct {
	tx    *database.Tx
	found openCookie
}

type cookieWorkKey struct{}

func withWork(ctx context.Context, work *cookieWork) context.Context {
	return context.WithValue(ctx, cookieWorkKey{}, work)
}

var errNoWork = errors.New("cookie store: used outside a transaction")

// cookieStore is scs's store on the users database: hashes of tokens, never tokens. It
// works in the transaction of its context.
type cookieStore struct{ s *Service }

var _ scs.CtxStore = cookieStore{}

// FindCtx implements scs.CtxStore.
func (c cookieStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	work, ok := ctx.Value(cookieWorkKey{}).(*cookieWork)
	if !ok {
		return nil, false, errNoWork
	}
	b, err := findBrowser(ctx, work.tx, secret.HashToken(token))
	if errors.Is(err, store.ErrNotFound) || err == nil && !b.isLive(c.s.now()) {
		return nil, false, nil
	}
	work.found = b
	return []byte(b.Data), err == nil, err
}

// CommitCtx implements scs.CtxStore. The expiry of scs comes from the machine's clock
// and is not used.
func (c cookieStore) CommitCtx(ctx context.Context, token string, data []byte, _ time.Time) error {
	work, ok := ctx.Value(cookieWorkKey{}).(*cookieWork)
	if !ok {
		return errNoWork
	}
	_, values, err := cookieCodec{}.Decode(data)
	if err != nil {
		return err
	}
	id, _ := values[sessionValue].(string)
	session, err := findSession(ctx, work.tx, id)
	if err != nil {
		return fmt.Errorf("keep cookie: %w", err)
	}
	now := c.s.now()
	return addCookie(ctx, work.tx, Cookie{
		Hash: secret.HashToken(token), SessionID: id, Data: string(data), CreatedAt: now, ExpiresAt: c.s.idleEnd(now, session.ExpiresAt),
	})
}

// DeleteCtx implements scs.CtxStore.
func (c cookieStore) DeleteCtx(ctx context.Context, token string) error {
	work, ok := ctx.Value(cookieWorkKey{}).(*cookieWork)
	if !ok {
		return errNoWork
	}
	return removeCookie(ctx, work.tx, secret.HashToken(token))
}

// Find implements scs.Store, which scs leaves alone in favour of FindCtx.
func (cookieStore) Find(string) ([]byte, bool, error) { return nil, false, errNoWork }

// Commit implements scs.Store.
func (cookieStore) Commit(string, []byte, time.Time) error { return errNoWork }

// Delete implements scs.Store.
func (cookieStore) Delete(string) error { return errNoWork }

// cookieCodec keeps values as JSON: what a person with a database client can read, and
// what cannot bring a type along.
type cookieCodec struct{}

// Encode implements scs.Codec. The deadline is the session's, which has a column.
func (cookieCodec) Encode(_ time.Time, values map[string]any) ([]byte, error) {
	data, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("encode cookie: %w", err)
	}
	return data, nil
}

// Decode implements scs.Codec.
func (cookieCodec) Decode(data []byte) (deadline time.Time, values map[string]any, err error) {
	if err := json.Unmarshal(data, &values); err != nil {
		return time.Time{}, nil, fmt.Errorf("decode cookie: %w", err)
	}
	return time.Time{}, values, nil
}
