package service

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity/token"
	"app/platform/ids"
)

// Tokens are the answer to a sign-in.
type Tokens struct {
	Access, Refresh string
	ExpiresIn       time.Duration // of the access token
}

// Credentials are what somebody signs in with.
type Credentials struct {
	Email, Password string
	UserAgent       string // kept with the session, cut to 200 characters
}

func errCredentials() error {
	return fault.New(fault.Unauthenticated, "invalid_credentials", "The e-mail address or the password is wrong.")
}

// Login starts a session. An address that is unknown, not verified or disabled and a password that is wrong or empty
// have the same answer after the same work: one look-up and one hash. Errors: invalid_credentials; Unavailable when too many hashes are waiting.
func (s *Service) Login(ctx context.Context, in Credentials) (Tokens, error) {
	if err := s.LoadKeys(ctx); err != nil {
		return Tokens{}, err
	}
	account, err := s.accountByEmail(ctx, in.Email)
	if err != nil {
		return Tokens{}, err
	}
	verdict, err := s.hasher.Check(ctx, account.PasswordHash, in.Password)
	if err != nil {
		return Tokens{}, fmt.Errorf("check password: %w", err)
	}
	if !verdict.Match || account.ID == "" || account.Disabled() {
		return Tokens{}, errCredentials()
	}
	rehashed := ""
	if verdict.Outdated {
		if rehashed, err = s.hasher.Hash(ctx, in.Password); err != nil {
			return Tokens{}, fmt.Errorf("hash password: %w", err)
		}
	}
	return s.open(ctx, account, rehashed, in.UserAgent)
}

// accountByEmail reads the account of an address as it was typed; one without an id when there is none.
func (s *Service) accountByEmail(ctx context.Context, email string) (a store.Account, err error) {
	key := strings.ToLower(strings.TrimSpace(email))
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		a, _, err = known(store.AccountByEmail(ctx, q, key))
		return err
	})
	return a, err
}

// open starts the session and its family of refresh tokens.
func (s *Service) open(ctx context.Context, account store.Account, rehashed, agent string) (Tokens, error) {
	now := s.now()
	session := store.Session{
		ID: ids.New("ses", now), AccountID: account.ID, UserAgent: cut(agent, 200), CreatedAt: now, ExpiresAt: now.Add(s.limits.SessionLife),
	}
	refresh := newRefreshToken()
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if rehashed != "" {
			err := store.RehashPassword(ctx, tx, account.ID, account.PasswordHash, rehashed)
			if err != nil && !errors.Is(err, store.ErrChanged) {
				return err
			}
		}
		if err := store.InsertSession(ctx, tx, session); err != nil {
			return err
		}
		return s.addRefresh(ctx, tx, refresh, session, now)
	})
	if err != nil {
		return Tokens{}, err
	}
	return s.tokens(session, account.Admin, refresh, now)
}

func (s *Service) addRefresh(ctx context.Context, tx *database.Tx, refresh string, session store.Session, now time.Time) error {
	expires := now.Add(s.limits.RefreshIdle)
	if session.ExpiresAt.Before(expires) {
		expires = session.ExpiresAt
	}
	return store.InsertRefresh(ctx, tx, hashToken(refresh), session.ID, now, expires)
}

// tokens signs a fresh access token to go with a refresh token.
func (s *Service) tokens(session store.Session, admin bool, refresh string, now time.Time) (Tokens, error) {
	access, err := s.ring.signer.Sign(token.Claims{
		UserID: session.AccountID, SessionID: session.ID, TokenID: ids.New("tok", now), Admin: admin,
		IssuedAt: now, Expires: now.Add(s.limits.AccessLife),
	})
	return Tokens{Access: access, Refresh: refresh, ExpiresIn: s.limits.AccessLife}, err
}

// refreshPrefix lets scanners of leaked secrets recognise one.
const refreshPrefix = "srt_"

func newRefreshToken() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails since Go 1.24
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(raw[:])
}

// hashToken is what is kept of a refresh token, whose 256 random bits need no salt.
func hashToken(refresh string) string {
	sum := sha256.Sum256([]byte(refresh))
	return hex.EncodeToString(sum[:])
}

// cut shortens a text to so many characters.
func cut(text string, most int) string {
	n := 0
	for i := range text {
		if n == most {
			return text[:i]
		}
		n++
	}
	return text
}
