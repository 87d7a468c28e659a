package registration

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/users/internal/account"
	"app/modules/users/internal/code"
	"app/modules/users/internal/store"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/ids"
)

// Register accepts a registration and has an e-mail sent to the address. What it
// answers and does is the same for every address: one hash, one Write, one e-mail.
//
//  1. A new address gets a code. The registration waits with that code and becomes an
//     account when it is verified; until then there is none, so somebody else's
//     registration of the address leaves no trace once its owner verifies theirs.
//  2. An address with an account gets an e-mail that says so.
//  3. E-mails are counted by network and by address, see shareOf: strangers who
//     register an address do not use up what its owner gets elsewhere. An address that
//     has had its e-mails gets no more, and the codes in them stay valid.
//
// The result identifies the registration: Verify takes it, or the password, as a sign
// that whoever has the code has registered. Errors: InvalidArgument with pointers;
// Unavailable when too many hashes are waiting.
func (s *Service) Register(ctx context.Context, in Form) (registration string, err error) {
	who, wrong := account.CheckPerson(in.Email, in.FirstName, in.MiddleName, in.LastName)
	wrong = append(wrong, s.accounts.CheckPassword(in.Password, who.Address.Typed)...)
	if in.Confirm != in.Password {
		wrong = append(wrong, fault.Field{Pointer: "/confirm_password", Detail: "must be the same as the password"})
	}
	if len(wrong) > 0 {
		return "", fault.Invalid(wrong...)
	}
	hash, err := s.hasher.Hash(ctx, in.Password)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	row := s.codeFor(ids.For(ctx, "cod", s.now()), who, hash)
	row.Locale = callctx.ClientOf(ctx).Locale()
	digits := code.NewDigits()
	row.Hash = s.codeHash(row, digits)
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return s.issueRegistrationCode(ctx, tx, row, digits) })
	if errors.Is(err, store.ErrDuplicate) {
		err = nil // the request was sent twice and has had its effect
	}
	return row.ID, err
}

func (s *Service) codeFor(id string, who account.Person, hash string) Code {
	now := s.now()
	return Code{
		ID: id, EmailKey: who.Address.Key, Purpose: code.VerifyAddress, ExpiresAt: now.Add(s.codeLife),
		Email: who.Address.Typed, PasswordHash: hash,
		FirstName: who.FirstName, MiddleName: who.MiddleName, LastName: who.LastName, CreatedAt: now,
	}
}

func (s *Service) issueRegistrationCode(ctx context.Context, tx *database.Tx, row Code, digits string) error {
	letter, ok, err := s.codes.DrawLetter(ctx, tx, code.LetterTo{Purpose: code.VerifyAddress, EmailKey: row.EmailKey}, func() ([]code.Letter, error) {
		return sentLetters(ctx, tx, row.EmailKey, row.CreatedAt.Add(-24*time.Hour))
	})
	if err != nil || !ok {
		return err
	}
	row.Network, row.Share = letter.Network, letter.Share
	account, exists, err := account.IfExists(account.ByEmail(ctx, tx, row.EmailKey))
	if err != nil {
		return err
	}
	if exists {
		return tellOwner(ctx, tx, row, account)
	}
	if err := addCode(ctx, tx, row); err != nil {
		return err
	}
	return events.Emit(ctx, tx, events.Key{Aggregate: "code", ID: row.ID, Version: 1}, &usersevents.CodeIssued{
		CodeId: row.ID, Email: row.Email, Code: digits, Purpose: usersevents.Purpose_PURPOSE_VERIFY_ADDRESS,
		ExpiresAt: timestamppb.New(row.ExpiresAt), FirstName: row.FirstName, Link: s.codes.Link(row.Purpose, row.ID, digits, row.Email), Locale: row.Locale,
	}, events.Sensitive())
}

// tellOwner keeps nothing of the registration but that it happened.
func tellOwner(ctx context.Context, tx *database.Tx, row Code, owner account.Account) error {
	err := addCode(ctx, tx, Code{
		ID: row.ID, EmailKey: row.EmailKey, Purpose: code.KnownAddress, ExpiresAt: row.ExpiresAt, CreatedAt: row.CreatedAt,
		Network: row.Network, Share: row.Share,
	})
	if err != nil {
		return err
	}
	return events.Emit(ctx, tx, events.Key{Aggregate: "account", ID: owner.ID, Version: owner.Version},
		&usersevents.AlreadyRegistered{UserId: owner.ID, Email: owner.Email, FirstName: owner.FirstName, Locale: owner.Locale})
}

// codeHash is what is kept of a code. The row's id salts it; the key makes a million
// guesses need more than the table.
func (s *Service) codeHash(row Code, digits string) string {
	return s.secret.Hash("code", row.ID, row.EmailKey, digits)
}
