package userstest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/users/internal/apikey"
	"app/modules/users/internal/code"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/subjects"
	"app/modules/users/usersevents"
	"app/platform/callctx"
)

// Log is the audit log of an account, the oldest first: event, outcome and detail.
func (w *World) Log(accountID string) (out []string) {
	w.T.Helper()
	records, err := w.Audits.Of(context.Background(), accountID, "", 100)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, r := range records {
		out = append([]string{strings.TrimSpace(r.Event + " " + r.Outcome + " " + r.Detail)}, out...)
	}
	return out
}

// MakeKey makes a key and forgets it.
func (w *World) MakeKey(ctx context.Context) (string, error) {
	info, _, err := w.APIKeys.Create(ctx, Draft())
	return info.ID, err
}

// Draft is a key to be made.
func Draft() apikey.Draft {
	return apikey.Draft{MerchantID: "mrc_1", Name: " till ", Scopes: []string{"orders:read", "catalog:write", "orders:read"}}
}

// Attackers is a password that a stranger has chosen.
const Attackers = "Attackers-Horse-6"

// Strict is users with the bounds on e-mails that are the default.
func (w *World) Strict() *World {
	w.Set = w.With(func(o *subjects.Options) { o.Limits.LettersPerNetwork = 3 })
	return w
}

// LettersTo registers an address from a network and counts the e-mails that this
// causes; proof is for the last of them.
func (w *World) LettersTo(ctx context.Context, email, password string, n int) (letters int, proof registration.Proof) {
	w.T.Helper()
	for range n {
		w.Clock.Pass(time.Second)
		before := len(w.Emitted())
		id, err := w.Registrations.Register(ctx, NewForm(email, password))
		if err != nil {
			w.T.Fatal(err)
		}
		for _, m := range w.Emitted()[before:] {
			letters++
			if e, ok := m.(*usersevents.CodeIssued); ok {
				proof = registration.Proof{Email: email, Code: e.GetCode(), Registration: id}
			}
		}
	}
	return letters, proof
}

// AsFrom is the bearer of the token in a network.
func (w *World) AsFrom(access, network string) context.Context {
	w.T.Helper()
	return callctx.WithClient(w.As(access), callctx.Client{Network: network, Agent: "test"})
}

// ProofOfAccount makes an account and asks for a code of it.
func (w *World) ProofOfAccount(i int) code.Proof {
	w.T.Helper()
	email := fmt.Sprintf("a%d@example.com", i)
	w.SignUp(email, Secret)
	return w.Proof(context.Background(), email)
}

// Languages are those of the e-mails that users has asked for, in order.
func (w *World) Languages() (out []string) {
	w.T.Helper()
	for _, m := range w.Emitted() {
		said, ok := m.(interface {
			proto.Message
			GetLocale() string
		})
		if !ok {
			w.T.Fatalf("%T has no language", m)
		}
		out = append(out, said.GetLocale())
	}
	return out
}

// RevokedSince counts what gateways are told of.
func (w *World) RevokedSince() int {
	w.T.Helper()
	return w.Count(`SELECT COUNT(*) FROM users_revocations`)
}

// Other is a code that is not the given one.
func Other(code string) string {
	if code == "111111" {
		return "222222"
	}
	return "111111"
}
