package account

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"app/modules/users/internal/reason"
	"app/modules/users/internal/store"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// Me is the caller's own account. Errors: Unauthenticated when the caller is not a
// user, or no longer.
func (s *Service) Me(ctx context.Context) (User, error) {
	account, err := s.readAccount(ctx, identity.FromContext(ctx).UserID)
	if errors.Is(err, store.ErrNotFound) || err == nil && account.Disabled() {
		return User{}, fault.NotSignedIn.New()
	}
	return UserOf(account), err
}

func (s *Service) readAccount(ctx context.Context, id string) (a Account, err error) {
	err = s.db.ReadOne(ctx, func(ctx context.Context, q *database.Tx) error {
		a, err = ByID(ctx, q, id)
		return err
	})
	return a, err
}

// Names are changes of one's own, the language of e-mails with them; nil leaves each as
// it is.
type Names struct{ FirstName, MiddleName, LastName, Locale *string }

// Rename changes the caller's names and language. match decides by the current version
// whether that is the one to change; its error is returned. Errors: InvalidArgument
// with pointers, Unauthenticated, Aborted when another change came first.
func (s *Service) Rename(ctx context.Context, in Names, match func(version int64) error) (user User, err error) {
	id := identity.FromContext(ctx).UserID
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		account, exists, err := IfExists(ByID(ctx, tx, id))
		switch {
		case err != nil:
			return err
		case !exists || account.Disabled():
			return fault.NotSignedIn.New()
		}
		if err := match(account.Version); err != nil {
			return err
		}
		user, err = updateAccountNames(ctx, tx, account, in)
		return err
	})
	if errors.Is(err, store.ErrChanged) {
		err = fault.ChangedMeanwhile.Newf("It was changed at the same time. Read it and try again.")
	}
	return user, err
}

func updateAccountNames(ctx context.Context, tx *database.Tx, account Account, in Names) (User, error) {
	next := account
	var wrong []fault.Field
	for _, n := range []struct {
		pointer    string
		text, into *string
		needed     bool
	}{
		{"/first_name", in.FirstName, &next.FirstName, true},
		{"/middle_name", in.MiddleName, &next.MiddleName, false},
		{"/last_name", in.LastName, &next.LastName, true},
	} {
		if n.text != nil {
			wrong = append(wrong, takeName(n.pointer, *n.text, n.into, n.needed)...)
		}
	}
	if in.Locale != nil {
		tag, err := language.Parse(*in.Locale)
		if next.Locale = tag.String(); *in.Locale == "" {
			next.Locale = ""
		} else if err != nil || len(next.Locale) > callctx.MaxLocale {
			wrong = append(wrong, fault.Field{Pointer: "/locale", Detail: "must be a language such as de or de-AT"})
		}
	}
	if len(wrong) > 0 {
		return User{}, fault.Invalid(wrong...)
	}
	if next == account {
		return UserOf(account), nil
	}
	if err := rename(ctx, tx, next); err != nil {
		return User{}, err
	}
	next.Version++
	return UserOf(next), nil
}

// Public is what anybody may know of a user.
type Public struct {
	ID          string
	DisplayName string // first name and initial, as in "Ada L."
	CreatedAt   time.Time
}

// PublicProfile reads what anybody may know of a user. Errors: user_not_found, also for
// disabled accounts.
func (s *Service) PublicProfile(ctx context.Context, id string) (Public, error) {
	if !ids.Valid("usr", id) {
		return Public{}, reason.UserNotFound.New()
	}
	account, err := s.readAccount(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && account.Disabled():
		return Public{}, reason.UserNotFound.New()
	case err != nil:
		return Public{}, err
	}
	name := account.FirstName
	if initial, size := utf8.DecodeRuneInString(account.LastName); size > 0 {
		name += " " + string(initial) + "."
	}
	return Public{ID: account.ID, DisplayName: name, CreatedAt: account.CreatedAt}, nil
}
