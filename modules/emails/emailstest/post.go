package emailstest

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"app/modules/emails/internal/email"
	"app/modules/emails/internal/notice"
	"app/modules/emails/internal/suppression"
)

// Post is an Office to which an SNS posts notices.
type Post struct {
	*Office
	SNS     *SNS
	Notices *notice.Service
}

// NewPost is a post on SQLite, for what no engine can make a difference to.
func NewPost(t testing.TB) *Post {
	t.Helper()
	return openPost(New(t))
}

// EachPost runs the test on every engine.
func EachPost(t *testing.T, run func(t *testing.T, p *Post)) {
	t.Helper()
	Each(t, func(t *testing.T, o *Office) { run(t, openPost(o)) })
}

func openPost(o *Office) *Post {
	o.T.Helper()
	sns := NewSNS(o.T)
	notices, err := notice.NewService(notice.Options{
		DB: o.DB, Now: o.Clock.Now, Logger: slog.New(slog.DiscardHandler), Verifier: &notice.Verifier{
			Topics: []string{SNSTopic}, Source: notice.NewSource(sns.Network, time.Now), MaxAge: time.Hour, Now: o.Clock.Now,
		},
	})
	o.Must(err)
	return &Post{Office: o, SNS: sns, Notices: notices}
}

// Take posts an event of SES.
func (p *Post) Take(text string) {
	p.T.Helper()
	p.Must(p.Notices.Take(context.Background(), p.SNS.Sign(p.SNS.Notification(text, p.Clock.Now()))))
}

// Suppressed lists the addresses with their reasons.
func (p *Post) Suppressed() string {
	p.T.Helper()
	found, err := p.Suppressions.List(context.Background(), suppression.Suppression{}, 100)
	p.Must(err)
	var out []string
	for _, s := range found {
		out = append(out, s.Address+" "+string(s.Reason))
	}
	return strings.Join(out, ", ")
}

// Lost makes an e-mail whose reply was lost and returns its id.
func (p *Post) Lost() string {
	p.T.Helper()
	id := p.Queue("ada@example.com")
	p.Courier.Answer = func(email.Email) error { return ErrLost }
	p.SendDue()
	if got := p.Status(id); got != email.Unknown {
		p.T.Fatalf("it is %s", got)
	}
	p.Courier.Answer = nil
	return id
}
