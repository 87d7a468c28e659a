package code

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/store"
	"app/modules/users/internal/tries"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/events"
	"app/platform/ids"
)

// purposes are the purposes of requests in the words of the events.
var purposes = map[Purpose]usersevents.Purpose{
	VerifyAddress: usersevents.Purpose_PURPOSE_VERIFY_ADDRESS,
	SignIn:        usersevents.Purpose_PURPOSE_SIGN_IN,
	ResetPassword: usersevents.Purpose_PURPOSE_RESET_PASSWORD,
	ChangeAddress: usersevents.Purpose_PURPOSE_CHANGE_ADDRESS,
}

// Request sends a code to an address, for whoever has the account.
func (s *Service) Request(ctx context.Context, purpose Purpose, email string) (string, error) {
	addr, err := account.ParseAddress(email)
	if err != nil {
		return "", account.ErrEmail(err)
	}
	row := Request{ID: ids.For(ctx, "cod", s.now()), EmailKey: addr.Key, Email: addr.Typed, Purpose: purpose}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		owner, exists, err := account.IfExists(account.ByEmail(ctx, tx, addr.Key))
		if err != nil {
			return err
		}
		if !exists || owner.Disabled() {
			owner = account.Account{}
		} else {
			row.Email = owner.Email // as its owner spells it
		}
		return s.Issue(ctx, tx, row, owner)
	})
	if errors.Is(err, store.ErrDuplicate) {
		err = nil // the request was sent twice and has had its effect
	}
	return row.ID, err
}

// Issue keeps the request and has its e-mail sent, unless the address has
// had enough of them. An account without an id gets no code.
func (s *Service) Issue(ctx context.Context, tx *database.Tx, row Request, account account.Account) error {
	row.AccountID = account.ID
	digits := NewDigits()
	if kept, err := s.keepRequest(ctx, tx, &row, digits); err != nil || !kept {
		return err
	}
	key := events.Key{Aggregate: "code", ID: row.ID, Version: 1}
	if account.ID == "" {
		return events.Emit(ctx, tx, key, &usersevents.NoAccount{Email: row.Email, Purpose: purposes[row.Purpose], Locale: callctx.ClientOf(ctx).Locale()})
	}
	return events.Emit(ctx, tx, key, &usersevents.CodeIssued{
		CodeId: row.ID, Email: row.Email, Code: digits, Purpose: purposes[row.Purpose], ExpiresAt: timestamppb.New(row.ExpiresAt),
		FirstName: account.FirstName, Link: s.Link(row.Purpose, row.ID, digits, ""), Locale: account.Locale,
	}, events.Sensitive())
}

// Withhold keeps a request like any other and sends its code to nobody: for an answer
// that must be the same whoever has the address. kept is false when the address has had
// its e-mails.
func (s *Service) Withhold(ctx context.Context, tx *database.Tx, row Request) (kept bool, err error) {
	row.AccountID = ""
	return s.keepRequest(ctx, tx, &row, NewDigits())
}

// keepRequest adds the request, whose e-mail comes out of a share of its address. kept is
// false when the share is used up.
func (s *Service) keepRequest(ctx context.Context, tx *database.Tx, row *Request, digits string) (kept bool, err error) {
	row.CreatedAt = s.now()
	row.ExpiresAt = row.CreatedAt.Add(s.limits.CodeLife)
	if ok, err := s.takeLetter(ctx, tx, row); err != nil || !ok {
		return false, err
	}
	row.Hash = s.hashOf(*row, digits)
	err = Insert(ctx, tx, *row)
	return err == nil, err
}

// takeLetter says which share the e-mail of a request is taken from; ok is false when
// the address has had its e-mails. A new address of somebody's account has none of the
// owner's networks: nobody has shown yet whose it is.
func (s *Service) takeLetter(ctx context.Context, tx *database.Tx, row *Request) (ok bool, err error) {
	to := LetterTo{Purpose: row.Purpose, EmailKey: row.EmailKey, accountID: row.AccountID}
	if row.Purpose == ChangeAddress {
		to.accountID = ""
	}
	letter, ok, err := s.DrawLetter(ctx, tx, to, func() ([]Letter, error) {
		return sentLetters(ctx, tx, row.EmailKey, row.Purpose, row.CreatedAt.Add(-24*time.Hour))
	})
	row.Network, row.Share = letter.Network, letter.Share
	return ok, err
}

// AccountOf finds the account that the code of a request was sent to.
func AccountOf(in Proof) tries.AccountOf {
	return func(ctx context.Context, tx *database.Tx) (string, error) {
		row, err := findRequest(ctx, tx, in.Request)
		if errors.Is(err, store.ErrNotFound) {
			return "", nil
		}
		return row.AccountID, err
	}
}

// WithCode runs a Write that spends a code, and is the answer when work says that the
// code was not good. What cannot be a code costs no try; what can is counted for its
// network first, see tries.Limiter.CountCode.
func (s *Service) WithCode(ctx context.Context, in Proof, of tries.AccountOf, work func(ctx context.Context, tx *database.Tx) (ok bool, err error)) error {
	if !ids.Valid("cod", in.Request) || !IsSixDigits(in.Code) {
		return authn.ErrCode()
	}
	counted, err := s.tries.CountCode(ctx, of)
	if err != nil {
		return err
	}
	ok := false
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if ok, err = work(ctx, tx); err != nil || !ok {
			return err
		}
		return s.tries.GiveBack(ctx, tx, counted)
	})
	if err == nil && !ok {
		err = authn.ErrCode()
	}
	return err
}

// Spend uses the code of a request up and reads the account that it was sent to. It
// does not fail for a wrong code: the try has to be committed, and is recorded.
func (s *Service) Spend(ctx context.Context, tx *database.Tx, purpose Purpose, in Proof) (owner account.Account, ok bool, err error) {
	row, ok, err := s.Take(ctx, tx, purpose, in)
	if err == nil && ok {
		if owner, ok, err = account.IfExists(account.ByID(ctx, tx, row.AccountID)); ok && owner.Disabled() {
			ok = false
		}
	}
	if err != nil || ok {
		return owner, ok, err
	}
	event := audit.SignIn
	if purpose == ResetPassword {
		event = audit.Recovery
	}
	return account.Account{}, false, s.audits.Record(ctx, tx, audit.Entry{AccountID: row.AccountID, Event: event, Outcome: audit.OutcomeRefused, Detail: string(authn.ByCode)})
}

// Take counts a try, judges it, and uses the code up when it is right.
func (s *Service) Take(ctx context.Context, tx *database.Tx, purpose Purpose, in Proof) (row Request, ok bool, err error) {
	row, err = findRequest(ctx, tx, in.Request)
	if err == nil && row.Purpose != purpose {
		err = store.ErrNotFound
	}
	newest := false
	if err == nil {
		newest, err = isNewest(ctx, tx, row)
	}
	if err == nil {
		err = countTry(ctx, tx, row.ID, s.now())
	}
	right := subtle.ConstantTimeCompare([]byte(row.Hash), []byte(s.hashOf(row, in.Code))) == 1
	if err == nil && right && newest {
		err = useRequest(ctx, tx, row.ID, s.now())
	}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrChanged) {
		return row, false, nil
	}
	return row, err == nil && right && newest && row.AccountID != "", err
}

// hashOf is what is kept of a code. The request salts it; the key makes a million
// guesses need more than the table (ASVS 6.5.2).
func (s *Service) hashOf(row Request, digits string) string {
	return s.secret.Hash("request", row.ID, string(row.Purpose), row.EmailKey, digits)
}

// LetterPath is the page that e-mails with a code lead to.
const LetterPath = "/v1/auth/letter"

// Link is the page that an e-mail leads to. It begins with what is configured,
// never with what a request said (ASVS 6.4.6 and CVE-2025-64101), and nothing is spent
// by opening it. The code and the address are in the fragment, which a browser sends to
// nobody (RFC 3986 section 3.5): logs of proxies, histories that are shared and the
// header Referer have the query. The page's script puts them into its form; what is in
// the query tells which form, and opens nothing.
func (s *Service) Link(purpose Purpose, request, digits, email string) string {
	link := strings.TrimSuffix(s.publicURL, "/") + LetterPath + "?purpose=" + string(purpose) + "&request=" + request + "#code=" + digits
	if email != "" {
		link += "&email=" + url.QueryEscape(email)
	}
	return link
}

// NewDigits makes a one-time code of six digits.
func NewDigits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand does not fail since Go 1.24
	}
	return fmt.Sprintf("%06d", n.Int64())
}

// IsSixDigits reports whether a text has the form of a code. The form is checked before
// anything is asked for: a text that cannot be a code takes no try.
func IsSixDigits(code string) bool {
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return false
		}
	}
	return len(code) == 6
}
