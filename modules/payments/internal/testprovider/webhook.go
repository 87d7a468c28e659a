package testprovider

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"app/modules/payments/internal/provider"
	"app/platform/database"
	"app/platform/ids"
)

// SignatureHeader carries "t=<unix seconds>,v1=<hex HMAC-SHA-256 over t, a dot and the
// body>", in the manner of the large providers. Several v1 may be given while a secret
// is being replaced.
const SignatureHeader = "Souk-Signature"

// tolerance is how far the time of a signature may be from ours: an old webhook caught
// somewhere cannot be replayed.
const tolerance = 5 * time.Minute

// news is a webhook's body.
type news struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"` // "charge.captured", "charge.declined" or "charge.pending"
	CreatedAt time.Time `json:"created_at"`
	Charge    string    `json:"charge"`
	Amount    int64     `json:"amount"`
	Currency  string    `json:"currency"`
}

// Sign makes the signature header of a body.
func Sign(secret, body []byte, at time.Time) http.Header {
	t := strconv.FormatInt(at.Unix(), 10)
	return http.Header{SignatureHeader: {"t=" + t + ",v1=" + hex.EncodeToString(webhookMAC(secret, t, body))}}
}

func webhookMAC(secret []byte, t string, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(t + "."))
	h.Write(body)
	return h.Sum(nil)
}

// Verify implements provider.Port.
func (p *Provider) Verify(header http.Header, body []byte) error {
	var t string
	var signatures []string
	for part := range strings.SplitSeq(header.Get(SignatureHeader), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			t = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil || p.Now().Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return provider.ErrSignature
	}
	want := webhookMAC(p.Secret, t, body)
	for _, s := range signatures {
		if got, err := hex.DecodeString(s); err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return provider.ErrSignature
}

// Parse implements provider.Port.
func (*Provider) Parse(body []byte) (provider.Event, error) {
	var n news
	if err := json.Unmarshal(body, &n); err != nil {
		return provider.Event{}, fmt.Errorf("parse webhook: %w", err)
	}
	if n.ID == "" || len(n.ID) > 128 || n.Charge == "" || n.Amount < 0 {
		return provider.Event{}, errors.New("parse webhook: id, charge or amount is wrong")
	}
	e := provider.Event{ID: n.ID, Charge: provider.Charge{Key: n.Charge, Amount: n.Amount, Currency: n.Currency}}
	switch n.Type {
	case "charge.captured":
		e.Charge.Status = provider.Captured
	case "charge.declined":
		e.Charge.Status, e.Charge.Reason = provider.Declined, "declined"
	case "charge.pending":
		e.Charge.Status = provider.Pending
	default:
		return provider.Event{}, fmt.Errorf("parse webhook: unknown type %.64q", n.Type)
	}
	return e, nil
}

// queueWebhooks queues the news of a charge, the given number of times.
func (p *Provider) queueWebhooks(ctx context.Context, tx *database.Tx, c charge, times int) error {
	n := news{
		ID: ids.New("evt", p.Now()), Type: "charge." + string(c.status), CreatedAt: p.Now().UTC(),
		Charge: c.key, Amount: c.captured, Currency: c.currency,
	}
	body, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode webhook: %w", err)
	}
	for i := range times {
		if err := insertWebhook(ctx, tx, n.ID+"/"+strconv.Itoa(i+1), body, p.Now()); err != nil {
			return err
		}
	}
	return nil
}

// Work captures what is due and delivers webhooks, those due together at the same time.
// Processes may run it at once.
func (p *Provider) Work(ctx context.Context) (more bool, err error) {
	var captures, webhooks []string
	err = p.DB.ReadOne(ctx, func(ctx context.Context, q *database.Tx) error {
		captures, err = dueCaptures(ctx, q, p.Now())
		return err
	})
	for _, key := range captures {
		if err := p.captureAndNotify(ctx, key); err != nil {
			return false, err
		}
	}
	if err != nil {
		return false, err
	}
	err = p.DB.ReadOne(ctx, func(ctx context.Context, q *database.Tx) error {
		webhooks, err = dueWebhooks(ctx, q, p.Now())
		return err
	})
	var group errgroup.Group
	for _, id := range webhooks {
		group.Go(func() error { return p.deliverWebhook(ctx, id) })
	}
	return len(captures)+len(webhooks) > 0, errors.Join(err, group.Wait())
}

func (p *Provider) captureAndNotify(ctx context.Context, key string) error {
	return p.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		took, err := captureCharge(ctx, tx, key)
		if err != nil || !took {
			return err
		}
		c, _, err := readCharge(ctx, tx, key)
		if err != nil {
			return err
		}
		return p.queueWebhooks(ctx, tx, c, 1)
	})
}

// deliverWebhook hands one webhook over; it counts as told when it was acknowledged.
func (p *Provider) deliverWebhook(ctx context.Context, id string) error {
	var body []byte
	var took bool
	err := p.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		body, took, err = takeWebhook(ctx, tx, id, p.Now())
		return err
	})
	if err != nil || !took {
		return err
	}
	if err := p.Deliver(ctx, Sign(p.Secret, body, p.Now()), body); err != nil {
		p.Logger.WarnContext(ctx, "test provider could not deliver a webhook and will try again", slog.String("webhook", id), slog.Any("error", err))
		return nil
	}
	return p.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return finishWebhook(ctx, tx, id) })
}
