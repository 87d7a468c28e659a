package service

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/url"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/store"
	"app/modules/users/internal/tries"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/ids"
)

// CodeProof is a code that was asked for and the request that it was sent for.
type CodeProof struct{ Request, Code string }

// purposes are the purposes of requests in the words of the events.
var purposes = map[store.Purpose]usersevents.Purpose{
	store.VerifyAddress: usersevents.Purpose_PURPOSE_VERIFY_ADDRESS,
	store.SignInCode:    usersevents.Purpose_PURPOSE_SIGN_IN,
	store.ResetPassword: usersevents.Purpose_PURPOSE_RESET_PASSWORD,
	store.ChangeAddress: usersevents.Purpose_PURPOSE_CHANGE_ADDRESS,
}

// RequestSignInCode has a code sent to the address that signs its owner in without a
// password.
//
//  1. What it answers and does is the same for every address: one Write, one row, one
//     e-mail. An address without an account that may sign in gets an e-mail that says
//     so.
//  2. E-mails are counted by network and by address, see shareOf. Strangers cannot use
//     up what is the owner's.
//  3. The code is good for the request that is returned and no other, for CodeLife,
//     five tries and one success, until a newer one that is asked for from the same
//     network: nobody elsewhere makes it void.
//
// Errors: InvalidArgument with a pointer when it is no address.
func (s *Service) RequestSignInCode(ctx context.Context, email string) (request string, err error) {
	return s.requestCode(ctx, store.SignInCode, email)
}

// SignInWithCode signs in with the code of a request. Errors: code_invalid, the same
// for every reason and every address; sign_in_limited.
func (s *Service) SignInWithCode(ctx context.Context, in CodeProof, transport authn.Transport) (out SignedIn, err error) {
	s.Keys.Reread(ctx)
	err = s.withCode(ctx, in, accountOfRequest(in), func(ctx context.Context, tx *database.Tx) (ok bool, err error) {
		var account store.Account
		if account, ok, err = s.spendCode(ctx, tx, store.SignInCode, in); err != nil || !ok {
			return false, err
		}
		out, err = s.signIn(ctx, tx, SignIn{Account: account, Method: authn.ByCode, Level: authn.AAL1, Transport: transport})
		return true, err
	})
	if fault.ReasonOf(err) == "invalid_credentials" { // disabled at this very moment
		err = authn.ErrCode()
	}
	return out, err
}

// requestCode sends a code to an address, for whoever has the account.
func (s *Service) requestCode(ctx context.Context, purpose store.Purpose, email string) (string, error) {
	addr, err := parseAddress(email)
	if err != nil {
		return "", errEmail(err)
	}
	row := store.CodeRequest{ID: ids.For(ctx, "cod", s.now()), EmailKey: addr.key, Email: addr.typed, Purpose: purpose}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		account, exists, err := accountIfExists(store.AccountByEmail(ctx, tx, addr.key))
		if err != nil {
			return err
		}
		if !exists || account.Disabled() {
			account = store.Account{}
		} else {
			row.Email = account.Email // as its owner spells it
		}
		return s.issueCodeRequest(ctx, tx, row, account)
	})
	if errors.Is(err, store.ErrDuplicate) {
		err = nil // the request was sent twice and has had its effect
	}
	return row.ID, err
}

// issueCodeRequest keeps the request and has its e-mail sent, unless the address has
// had enough of them. An account without an id gets no code.
func (s *Service) issueCodeRequest(ctx context.Context, tx *database.Tx, row store.CodeRequest, account store.Account) error {
	row.CreatedAt = s.now()
	row.ExpiresAt, row.AccountID = row.CreatedAt.Add(s.limits.CodeLife), account.ID
	if ok, err := s.takeLetter(ctx, tx, &row); err != nil || !ok {
		return err
	}
	digits := newDigits()
	row.Hash = s.requestHash(row, digits)
	if err := store.InsertCodeRequest(ctx, tx, row); err != nil {
		return err
	}
	key := events.Key{Aggregate: "code", ID: row.ID, Version: 1}
	if account.ID == "" {
		return events.Emit(ctx, tx, key, &usersevents.NoAccount{Email: row.Email, Purpose: purposes[row.Purpose], Locale: callctx.ClientOf(ctx).Locale()})
	}
	return events.Emit(ctx, tx, key, &usersevents.CodeIssued{
		CodeId: row.ID, Email: row.Email, Code: digits, Purpose: purposes[row.Purpose], ExpiresAt: timestamppb.New(row.ExpiresAt),
		FirstName: account.FirstName, Link: s.letterLink(row.Purpose, row.ID, digits, ""), Locale: account.Locale,
	}, events.Sensitive())
}

// takeLetter says which share the e-mail of a request is taken from; ok is false when
// the address has had its e-mails. A new address of somebody's account has none of the
// owner's networks: nobody has shown yet whose it is.
func (s *Service) takeLetter(ctx context.Context, tx *database.Tx, row *store.CodeRequest) (ok bool, err error) {
	to := letterTo{purpose: row.Purpose, emailKey: row.EmailKey, accountID: row.AccountID}
	if row.Purpose == store.ChangeAddress {
		to.accountID = ""
	}
	letter, ok, err := s.drawLetter(ctx, tx, to, func() ([]store.Letter, error) {
		return store.RequestLetters(ctx, tx, row.EmailKey, row.Purpose, row.CreatedAt.Add(-24*time.Hour))
	})
	row.Network, row.Share = letter.Network, letter.Share
	return ok, err
}

// accountOfRequest finds the account that the code of a request was sent to.
func accountOfRequest(in CodeProof) tries.AccountOf {
	return func(ctx context.Context, tx *database.Tx) (string, error) {
		row, err := store.CodeRequestByID(ctx, tx, in.Request)
		if errors.Is(err, store.ErrNotFound) {
			return "", nil
		}
		return row.AccountID, err
	}
}

// withCode runs a Write that spends a code, and is the answer when work says that the
// code was not good. What cannot be a code costs no try; what can is counted for its
// network first, see allowCode.
func (s *Service) withCode(ctx context.Context, in CodeProof, of tries.AccountOf, work func(ctx context.Context, tx *database.Tx) (ok bool, err error)) error {
	if !ids.Valid("cod", in.Request) || !sixDigits(in.Code) {
		return authn.ErrCode()
	}
	counted, err := s.Tries.CountCode(ctx, of)
	if err != nil {
		return err
	}
	ok := false
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if ok, err = work(ctx, tx); err != nil || !ok {
			return err
		}
		return s.Tries.GiveBack(ctx, tx, counted)
	})
	if err == nil && !ok {
		err = authn.ErrCode()
	}
	return err
}

// spendCode uses the code of a request up and reads the account that it was sent to. It
// does not fail for a wrong code: the try has to be committed, and is recorded.
func (s *Service) spendCode(ctx context.Context, tx *database.Tx, purpose store.Purpose, in CodeProof) (account store.Account, ok bool, err error) {
	row, ok, err := s.takeCode(ctx, tx, purpose, in)
	if err == nil && ok {
		if account, ok, err = accountIfExists(store.AccountByID(ctx, tx, row.AccountID)); ok && account.Disabled() {
			ok = false
		}
	}
	if err != nil || ok {
		return account, ok, err
	}
	event := audit.SignIn
	if purpose == store.ResetPassword {
		event = audit.Recovery
	}
	return store.Account{}, false, s.Audits.Record(ctx, tx, audit.Entry{AccountID: row.AccountID, Event: event, Outcome: audit.OutcomeRefused, Detail: string(authn.ByCode)})
}

// takeCode counts a try, judges it, and uses the code up when it is right.
func (s *Service) takeCode(ctx context.Context, tx *database.Tx, purpose store.Purpose, in CodeProof) (row store.CodeRequest, ok bool, err error) {
	row, err = store.CodeRequestByID(ctx, tx, in.Request)
	if err == nil && row.Purpose != purpose {
		err = store.ErrNotFound
	}
	newest := false
	if err == nil {
		newest, err = store.NewestCodeRequest(ctx, tx, row)
	}
	if err == nil {
		err = store.TryCodeRequest(ctx, tx, row.ID, s.now())
	}
	right := subtle.ConstantTimeCompare([]byte(row.Hash), []byte(s.requestHash(row, in.Code))) == 1
	if err == nil && right && newest {
		err = store.SpendCodeRequest(ctx, tx, row.ID, s.now())
	}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrChanged) {
		return row, false, nil
	}
	return row, err == nil && right && newest && row.AccountID != "", err
}

// requestHash is what is kept of a code. The request salts it; the key makes a million
// guesses need more than the table (ASVS 6.5.2).
func (s *Service) requestHash(row store.CodeRequest, digits string) string {
	return s.secret.Hash("request", row.ID, string(row.Purpose), row.EmailKey, digits)
}

// letterLink is the page that an e-mail leads to. It begins with what is configured,
// never with what a request said (ASVS 6.4.6 and CVE-2025-64101), and nothing is spent
// by opening it. The code and the address are in the fragment, which a browser sends to
// nobody (RFC 3986 section 3.5): logs of proxies, histories that are shared and the
// header Referer have the query. The page's script puts them into its form; what is in
// the query tells which form, and opens nothing.
func (s *Service) letterLink(purpose store.Purpose, request, digits, email string) string {
	link := strings.TrimSuffix(s.publicURL, "/") + LetterPath + "?purpose=" + string(purpose) + "&request=" + request + "#code=" + digits
	if email != "" {
		link += "&email=" + url.QueryEscape(email)
	}
	return link
}

// Origin is the scheme, host and port that people use, as a browser writes it in the
// header Origin.
func (s *Service) Origin() string {
	u, err := url.Parse(s.publicURL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
