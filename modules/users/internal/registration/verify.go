package registration

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"app/modules/users/internal/account"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/store"
	"app/modules/users/internal/tries"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/ids"
)

// Proof is a code, and a sign that whoever has it is who has registered: the
// registration, the password, or both.
type Proof struct {
	Email, Code string
	// Registration, when not empty, is what Register returned.
	Registration string
	// Password, when not empty, is the one that was registered with. Without a
	// registration it is that of the newest one from the same network.
	Password string
}

// Verify turns the registration that the code belongs to into an account.
//
//  1. A code alone shows whose the address is, and not who has registered it: the
//     e-mail may be of a stranger's registration. So the registration or its password
//     has to be shown too, and the account gets password and names of that registration
//     and of no other (docs/adr/0015-a-code-alone-makes-no-account.md).
//  2. A code counts for CodeLife, five tries and one success, however many requests
//     come at once, until a newer one that was asked for from the same network: a try
//     is counted before it is judged. A wrong password costs no try of the code, which
//     is somebody else's then.
//  3. Codes of one network are guessed slowly, see tries.Limiter.CountCode.
//  4. An account that came to be in the meantime (made by an operator) is left as it
//     is.
//
// One hash is computed when a password is shown. Errors: code_invalid, the same for
// every reason and every address; InvalidArgument at /registration when neither is
// shown; sign_in_limited; Unavailable when too many hashes are waiting.
func (s *Service) Verify(ctx context.Context, in Proof) (user account.User, err error) {
	ok := code.IsSixDigits(in.Code)
	if !ok {
		return account.User{}, authn.ErrCode()
	}
	if in.Registration == "" && in.Password == "" {
		return account.User{}, fault.Invalid(fault.Field{Pointer: "/registration", Detail: "or the password is needed: what register answered, or what it was given"})
	}
	in.Email = emailaddr.Key(in.Email)
	id := ids.For(ctx, "usr", s.now())
	counted, err := s.tries.CountCode(ctx, tries.NoAccount)
	if err != nil {
		return account.User{}, err
	}
	code, err := s.findRegistration(ctx, in)
	if err != nil {
		return account.User{}, err
	}
	for range 2 { // once more when an operator made the account at this very moment
		err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			if user, ok, err = s.verifyRegistration(ctx, tx, code, in.Code, id); err != nil || !ok {
				return err
			}
			return s.tries.GiveBack(ctx, tx, counted)
		})
		if !errors.Is(err, store.ErrDuplicate) {
			break
		}
	}
	if err == nil && !ok {
		err = authn.ErrCode()
	}
	return user, err
}

// findRegistration finds the registration that is meant and checks its password, if
// that is shown; one without an id when there is none.
func (s *Service) findRegistration(ctx context.Context, in Proof) (entry Code, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		if in.Registration != "" {
			entry, err = findCode(ctx, q, in.Registration)
		} else {
			entry, err = newestOf(ctx, q, in.Email, code.VerifyAddress, store.Fit(callctx.ClientOf(ctx).Network, 64))
		}
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Code{}, err
	}
	if err != nil || entry.EmailKey != in.Email || entry.Purpose != code.VerifyAddress {
		entry = Code{}
	}
	if in.Password == "" {
		return entry, nil
	}
	verdict, err := s.hasher.Check(ctx, entry.PasswordHash, in.Password)
	if err != nil {
		return Code{}, fmt.Errorf("check password: %w", err)
	}
	if !verdict.Match && entry.PasswordHash != "" {
		entry = Code{}
	}
	return entry, nil
}

// verifyRegistration must not fail for a wrong code: the try has to be committed.
func (s *Service) verifyRegistration(ctx context.Context, tx *database.Tx, code Code, digits, id string) (u account.User, ok bool, err error) {
	if _, repeatable := callctx.IdempotencyOf(ctx); repeatable {
		if done, exists, err := account.IfExists(account.ByID(ctx, tx, id)); exists || err != nil {
			return account.UserOf(done), exists, err // the request was sent twice and has had its effect
		}
	}
	if ok, err := s.consumeCode(ctx, tx, code, digits); !ok || err != nil {
		return account.User{}, false, err
	}
	if there, exists, err := account.IfExists(account.ByEmail(ctx, tx, code.EmailKey)); exists || err != nil {
		return account.UserOf(there), exists, err
	}
	owner := account.FromDraft(id, account.Draft{
		Email: code.Email, EmailKey: code.EmailKey, PasswordHash: code.PasswordHash,
		FirstName: code.FirstName, MiddleName: code.MiddleName, LastName: code.LastName, Locale: code.Locale,
	}, s.now())
	if err := account.Insert(ctx, tx, owner); err != nil {
		return account.User{}, false, err
	}
	err = events.Emit(ctx, tx, events.Key{Aggregate: "account", ID: owner.ID, Version: owner.Version},
		&usersevents.Registered{UserId: owner.ID, Email: owner.Email, FirstName: owner.FirstName, Locale: owner.Locale})
	return account.UserOf(owner), err == nil, err
}

// consumeCode counts a try at the code, judges it, and uses the code up when it is
// right and the newest of its network.
func (s *Service) consumeCode(ctx context.Context, tx *database.Tx, code Code, digits string) (ok bool, err error) {
	if code.ID == "" {
		return false, nil
	}
	newest, err := newestOf(ctx, tx, code.EmailKey, code.Purpose, code.Network)
	if err == nil {
		err = countTry(ctx, tx, code.ID, s.now())
	}
	right := subtle.ConstantTimeCompare([]byte(code.Hash), []byte(s.codeHash(code, digits))) == 1
	if err == nil && (!right || newest.ID != code.ID) {
		return false, nil
	}
	if err == nil {
		err = useCode(ctx, tx, code.ID, s.now())
	}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrChanged) {
		return false, nil
	}
	return err == nil, err
}
