package session

import (
	"context"
	"errors"
	"time"

	"app/modules/users/internal/code"
	"app/modules/users/internal/pending"
	"app/modules/users/internal/store"
	"app/modules/users/usersv1"
	"app/platform/database"
)

// EndAllAndVoidCodes ends all sessions of an account except the one to keep, its
// half-done sign-ins, and the codes on their way to it. The account's row is locked.
func (s *Service) EndAllAndVoidCodes(ctx context.Context, tx *database.Tx, accountID, keep, why string) error {
	if _, err := s.EndAll(ctx, tx, accountID, keep, why); err != nil {
		return err
	}
	return code.Void(ctx, tx, accountID, s.now())
}

// Why a session ended before its time.
const (
	endedByLogout   = "logout"
	endedByReuse    = "reuse"   // of a refresh token
	endedByOther    = "other"   // by its user, from another session
	endedBySignIn   = "sign_in" // its browser signed in anew
	EndedByPassword = "password"
	EndedByAdmin    = "admin"
)

// endSession ends one session of anybody's, with its cookies and for every gateway. ok
// is false when it has ended before.
func (s *Service) endSession(ctx context.Context, tx *database.Tx, id, why string) (ok bool, err error) {
	err = markEnded(ctx, tx, id, why, s.now())
	if errors.Is(err, store.ErrChanged) {
		return false, nil
	}
	if err == nil {
		err = removeCookies(ctx, tx, id)
	}
	if err == nil {
		err = s.revocations.Publish(ctx, tx, usersv1.RevocationKind_REVOCATION_KIND_SESSION, id)
	}
	return err == nil, err
}

// EndAll ends all sessions of an account but one, and the sign-ins that wait for a
// second factor; except may be empty. It is called under LockAccount, so that no
// session escapes it. ended counts them.
func (s *Service) EndAll(ctx context.Context, tx *database.Tx, accountID, except, why string) (ended int, err error) {
	live, err := listLive(ctx, tx, accountID, s.now())
	if err != nil {
		return 0, err
	}
	for _, id := range live {
		if id == except {
			continue
		}
		ok, err := s.endSession(ctx, tx, id, why)
		if err != nil {
			return 0, err
		}
		if ok {
			ended++
		}
	}
	return ended, pending.DropOf(ctx, tx, accountID, s.now())
}

// dropCookies makes the cookies of a session void, here and at every gateway; the
// session goes on.
func (s *Service) dropCookies(ctx context.Context, tx *database.Tx, sessionID string) error {
	hashes, err := listCookies(ctx, tx, sessionID)
	if err != nil {
		return err
	}
	if err := removeCookies(ctx, tx, sessionID); err != nil {
		return err
	}
	for _, hash := range hashes {
		if err := s.revocations.Publish(ctx, tx, usersv1.RevocationKind_REVOCATION_KIND_COOKIE, hash); err != nil {
			return err
		}
	}
	return nil
}

// sessionsTouched is how long the time of a session's last use may lag behind.
const sessionsTouched = time.Minute
