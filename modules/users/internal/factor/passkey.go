package factor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"app/modules/users/internal/account"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/ceremony"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
)

// ErrPasskey refuses a passkey, for a cause that stays inside.
func ErrPasskey(cause error) error {
	return reason.PasskeyInvalid.New().Because(cause)
}

func (s *Service) webAuthn() (*webauthn.WebAuthn, error) {
	if s.passkeys == nil {
		return nil, reason.PasskeysUnavailable.New()
	}
	return s.passkeys, nil
}

// RequirePasskeys fails where there can be no passkeys. Error: passkeys_unavailable.
func (s *Service) RequirePasskeys() error {
	_, err := s.webAuthn()
	return err
}

// holder is an account as the library sees it.
type holder struct {
	account  account.Account
	passkeys []Passkey
}

var _ webauthn.User = holder{}

// WebAuthnID implements webauthn.User.
func (h holder) WebAuthnID() []byte { return []byte(h.account.ID) }

// WebAuthnName implements webauthn.User.
func (h holder) WebAuthnName() string { return h.account.Email }

// WebAuthnDisplayName implements webauthn.User.
func (h holder) WebAuthnDisplayName() string { return h.account.FirstName + " " + h.account.LastName }

// WebAuthnCredentials implements webauthn.User.
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, 0, len(h.passkeys))
	for _, p := range h.passkeys {
		var c webauthn.Credential
		if json.Unmarshal([]byte(p.Credential), &c) == nil {
			out = append(out, c)
		}
	}
	return out
}

func holderOf(ctx context.Context, tx *database.Tx, accountID string) (h holder, err error) {
	if h.account, err = account.ByID(ctx, tx, accountID); err != nil {
		return holder{}, err
	}
	h.passkeys, err = PasskeysOf(ctx, tx, accountID)
	return h, err
}

// Challenge is what a browser hands to navigator.credentials.
type Challenge struct {
	Ceremony string
	Options  any // to be shown as JSON
}

// keepCeremony keeps what the answer will be checked against.
func (s *Service) keepCeremony(ctx context.Context, tx *database.Tx, row ceremony.Ceremony, session *webauthn.SessionData) (string, error) {
	data, err := json.Marshal(session)
	if err != nil {
		return "", fmt.Errorf("keep ceremony: %w", err)
	}
	now := s.now()
	row.ID, row.Data, row.CreatedAt, row.ExpiresAt = ids.New("cer", now), string(data), now, now.Add(ceremony.Life)
	return row.ID, ceremony.Insert(ctx, tx, row)
}

// takeCeremony uses a challenge up, whatever comes of its answer, and reads what to
// check that against. Error: passkey_invalid.
func (s *Service) takeCeremony(ctx context.Context, id string, also func(ctx context.Context, tx *database.Tx, c ceremony.Ceremony) error) (c ceremony.Ceremony, session webauthn.SessionData, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if c, err = ceremony.ByID(ctx, tx, id); err != nil {
			return err
		}
		if err := ceremony.Spend(ctx, tx, c.ID, s.now()); err != nil {
			return err
		}
		return also(ctx, tx, c)
	})
	if err == nil {
		err = json.Unmarshal([]byte(c.Data), &session)
	}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrChanged) {
		err = ErrPasskey(err)
	}
	return c, session, err
}

// BeginPasskey begins to add a passkey to the caller's account. Errors:
// passkeys_unavailable; step_up_required; Unauthenticated.
func (s *Service) BeginPasskey(ctx context.Context) (out Challenge, err error) {
	w, err := s.webAuthn()
	if err != nil {
		return Challenge{}, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		caller, err := s.sessions.RecentCaller(ctx, tx)
		if err != nil {
			return err
		}
		user, err := holderOf(ctx, tx, caller.AccountID)
		if err != nil {
			return err
		}
		options, data, err := w.BeginRegistration(user,
			webauthn.WithExclusions(webauthn.Credentials(user.WebAuthnCredentials()).CredentialDescriptors()),
			webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
				ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
				UserVerification: protocol.VerificationRequired,
			}))
		if err != nil {
			return fmt.Errorf("begin passkey: %w", err)
		}
		out.Options = options
		out.Ceremony, err = s.keepCeremony(ctx, tx, ceremony.Ceremony{Purpose: ceremony.Register, AccountID: caller.AccountID, SessionID: caller.SessionID}, data)
		return err
	})
	return out, err
}

// NewPasskey is a browser's answer to BeginPasskey.
type NewPasskey struct {
	Ceremony   string
	Name       string
	Credential []byte // JSON
}

// AddPasskey adds the passkey. The first factor comes with recovery codes, which are
// shown this once; the owner is told. Errors: passkey_invalid; InvalidArgument for the
// name; step_up_required; Unauthenticated.
func (s *Service) AddPasskey(ctx context.Context, in NewPasskey) (out Added, err error) {
	name, complaint := account.CleanName(in.Name)
	if complaint != "" || name == "" {
		return Added{}, fault.Invalid(fault.Field{Pointer: "/name", Detail: "must have 1 to 100 characters, none of them special"})
	}
	w, err := s.webAuthn()
	if err != nil {
		return Added{}, err
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes(in.Credential)
	if err != nil {
		return Added{}, ErrPasskey(err)
	}
	var user holder
	c, data, err := s.takeCeremony(ctx, in.Ceremony, func(ctx context.Context, tx *database.Tx, c ceremony.Ceremony) error {
		user, err = holderOf(ctx, tx, c.AccountID)
		return err
	})
	if err != nil {
		return Added{}, err
	}
	credential, err := w.CreateCredential(user, data, answer)
	if err != nil || c.Purpose != ceremony.Register {
		return Added{}, ErrPasskey(err)
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		caller, err := s.sessions.RecentCaller(ctx, tx)
		if err != nil {
			return err
		}
		if caller.SessionID != c.SessionID {
			return ErrPasskey(nil)
		}
		out, err = s.insertPasskey(ctx, tx, caller.AccountID, name, credential)
		return err
	})
	if errors.Is(err, store.ErrDuplicate) {
		err = ErrPasskey(err)
	}
	return out, err
}

func (s *Service) insertPasskey(ctx context.Context, tx *database.Tx, accountID, name string, credential *webauthn.Credential) (Added, error) {
	kept, err := json.Marshal(credential)
	if err != nil {
		return Added{}, fmt.Errorf("keep passkey: %w", err)
	}
	now := s.now()
	err = InsertPasskey(ctx, tx, Passkey{
		ID: ids.New("psk", now), AccountID: accountID, KeyHash: secret.HashToken(string(credential.ID)), Name: name, Credential: string(kept),
		SignCount: int64(credential.Authenticator.SignCount), CreatedAt: now,
	})
	if err != nil {
		return Added{}, err
	}
	return s.finishAddingFactor(ctx, tx, accountID, authn.ByPasskey, usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_ADDED, name)
}

// RemovePasskey takes a passkey away, and with the last factor the recovery codes.
// Errors: last_credential; step_up_required; NotFound; Unauthenticated.
func (s *Service) RemovePasskey(ctx context.Context, id string) error {
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		caller, err := s.sessions.RecentCaller(ctx, tx)
		if err != nil {
			return err
		}
		owner, err := account.Lock(ctx, tx, caller.AccountID)
		if err != nil {
			return account.SignedOut(err)
		}
		passkeys, err := PasskeysOf(ctx, tx, owner.ID)
		if err != nil {
			return err
		}
		name := ""
		for _, p := range passkeys {
			if p.ID == id {
				name = p.Name
			}
		}
		if err := DeletePasskey(ctx, tx, owner.ID, id); err != nil {
			return err
		}
		linked, err := s.identities(ctx, tx, owner.ID)
		if err != nil {
			return err
		}
		if err := account.CheckLastCredential(owner, linked, len(passkeys)-1); err != nil {
			return err
		}
		return s.finishRemovingFactor(ctx, tx, owner.ID, usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_REMOVED, name)
	})
	return store.Missing(reason.PasskeyNotFound, err)
}
