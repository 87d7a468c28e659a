package federation

import (
	"context"
	"errors"
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/openid"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// linkLife is how long an identity waits for the owner of its address's account.
const linkLife = 10 * time.Minute

// Propose keeps the identity until the owner of the account says that it is theirs.
func (s *Service) Propose(ctx context.Context, tx *database.Tx, owner account.Account, state State, who openid.Identity) (token string, err error) {
	now := s.now()
	token = secret.NewToken("slk_")
	return token, addLink(ctx, tx, Link{
		Hash: secret.HashToken(token), AccountID: owner.ID, Provider: state.Provider, Issuer: who.Issuer, Subject: who.Subject,
		Email: store.Fit(who.Email, account.MaxAddress), ReturnTo: state.ReturnTo, CreatedAt: now, ExpiresAt: now.Add(linkLife),
	})
}

// ConfirmLink links the identity that a token stands for to the account of its address,
// whose owner the caller has to be, freshly signed in by any of the ways there were
// before. Errors: link_invalid, the same for every reason; identity_taken;
// step_up_required; Unauthenticated.
func (s *Service) ConfirmLink(ctx context.Context, token string) (linked LinkedIdentity, returnTo string, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		session, err := s.sessions.RequireRecent(ctx, tx)
		if err != nil {
			return err
		}
		linked, returnTo, err = s.takeLink(ctx, tx, token, session.AccountID)
		return err
	})
	return linked, returnTo, linkError(err)
}

// takeLink uses the token up for the account.
func (s *Service) takeLink(ctx context.Context, tx *database.Tx, token, accountID string) (LinkedIdentity, string, error) {
	row, err := findLink(ctx, tx, secret.HashToken(token))
	if err == nil && row.AccountID != accountID {
		err = store.ErrNotFound
	}
	if err == nil {
		err = useLink(ctx, tx, row.Hash, s.now())
	}
	if err != nil {
		return LinkedIdentity{}, "", err
	}
	who := openid.Identity{Issuer: row.Issuer, Subject: row.Subject, Email: row.Email}
	if err := s.Link(ctx, tx, accountID, row.Provider, who); err != nil {
		return LinkedIdentity{}, "", err
	}
	linked, err := BySubject(ctx, tx, row.Issuer, row.Subject)
	return linked, s.ReturnTo(row.ReturnTo), err
}

func linkError(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrChanged):
		return reason.LinkInvalid.New()
	case errors.Is(err, store.ErrDuplicate):
		return reason.IdentityTaken.New()
	}
	return err
}

// LinkedAddress is the address of the account that a token would link to, for the page
// that asks for its password. Error: link_invalid.
func (s *Service) LinkedAddress(ctx context.Context, token string) (email string, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		row, err := findLink(ctx, q, secret.HashToken(token))
		if err == nil && !s.now().Before(row.ExpiresAt) {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		account, err := account.ByID(ctx, q, row.AccountID)
		email = account.Email
		return err
	})
	return email, linkError(err)
}

// Link links an identity to an account and tells its owner. store.ErrDuplicate:
// it is linked.
func (s *Service) Link(ctx context.Context, tx *database.Tx, accountID, provider string, who openid.Identity) error {
	if err := s.Insert(ctx, tx, accountID, provider, who); err != nil {
		return err
	}
	return s.accounts.NotifyCredentialsChange(ctx, tx, accountID, usersevents.CredentialsChange_CREDENTIALS_CHANGE_IDENTITY_LINKED, provider)
}

// Insert links an identity to an account, within the caller's transaction.
func (s *Service) Insert(ctx context.Context, tx *database.Tx, accountID, provider string, who openid.Identity) error {
	now := s.now()
	return addIdentity(ctx, tx, LinkedIdentity{
		ID: ids.New("idn", now), AccountID: accountID, Provider: provider, Issuer: who.Issuer, Subject: who.Subject,
		Email: store.Fit(who.Email, account.MaxAddress), CreatedAt: now, UsedAt: now,
	})
}

// List lists the caller's identities at providers. Error: Unauthenticated.
func (s *Service) List(ctx context.Context) (out []LinkedIdentity, err error) {
	id := identity.FromContext(ctx).UserID
	if id == "" {
		return nil, fault.NotSignedIn.New()
	}
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		out, err = listIdentities(ctx, q, id)
		return err
	})
	return out, err
}

// Unlink takes an identity away from the caller's account. Errors: last_credential when
// it is the only way to sign in besides a code by e-mail; NotFound; step_up_required;
// Unauthenticated.
func (s *Service) Unlink(ctx context.Context, id string) error {
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		session, err := s.sessions.RequireRecent(ctx, tx)
		if err != nil {
			return err
		}
		owner, err := account.Lock(ctx, tx, session.AccountID)
		if err != nil {
			return account.SignedOut(err)
		}
		linked, err := listIdentities(ctx, tx, owner.ID)
		if err != nil {
			return err
		}
		name := ""
		for _, i := range linked {
			if i.ID == id {
				name = i.Provider
			}
		}
		if err := removeIdentity(ctx, tx, owner.ID, id); err != nil {
			return err
		}
		passkeys, err := factor.CountPasskeys(ctx, tx, owner.ID)
		if err != nil {
			return err
		}
		if err := account.CheckLastCredential(owner, len(linked)-1, passkeys); err != nil {
			return err
		}
		return s.accounts.NotifyCredentialsChange(ctx, tx, owner.ID, usersevents.CredentialsChange_CREDENTIALS_CHANGE_IDENTITY_UNLINKED, name)
	})
	return store.Missing(reason.IdentityNotFound, err)
}

// Count counts the identities that an account is linked to.
func Count(ctx context.Context, tx *database.Tx, accountID string) (int, error) {
	linked, err := listIdentities(ctx, tx, accountID)
	return len(linked), err
}
