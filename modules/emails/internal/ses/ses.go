// Package ses hands e-mails to Amazon SES (API version 2).
//
// SES knows no idempotency key: an e-mail whose reply was lost is unknown, and what SES
// tells later through Amazon SNS settles it by the tag that carries the e-mail's id. So
// the SDK must not repeat SendEmail by itself.
package ses

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"app/modules/emails/internal/email"
	"app/modules/emails/internal/message"
)

// EmailTag is the name of the tag that carries an e-mail's id through SES and back.
const EmailTag = "letter_id"

// Options of a transport.
type Options struct {
	Region           string // empty for the SDK's own search (AWS_REGION, the profile)
	Endpoint         string // empty for Amazon's
	ConfigurationSet string // whose event destination tells what becomes of e-mails; empty for none
	// Stored has SES render templates that `app emails templates push` put there, named
	// TemplatePrefix + name + "_" + locale.
	Stored         bool
	TemplatePrefix string
	// Rate bounds e-mails per second; 0 for the account's quota.
	Rate float64
	// Timeout bounds a request.
	Timeout time.Duration
	Sender  message.Sender
	// Credentials are used instead of the SDK's default chain when not nil.
	Credentials aws.CredentialsProvider
	Now         func() time.Time
}

// Transport sends over SES. Safe for concurrent use.
type Transport struct {
	Options
	client client
	pace   *bucket
}

var (
	_ email.Transport = (*Transport)(nil)
	_ email.Pacer     = (*Transport)(nil)
	_ email.Checker   = (*Transport)(nil)
)

// idle is how long a connection waits for the next e-mail. It is short because an
// e-mail written to a connection that the server closes at that moment is unknown.
const idle = 4 * time.Second

// New makes a transport. It asks nobody; Check learns the account's quota.
func New(ctx context.Context, o Options) (*Transport, error) {
	// The SDK's own kind of client, which honours AWS_CA_BUNDLE.
	base := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost, t.IdleConnTimeout = 64, idle })
	load := []func(*config.LoadOptions) error{config.WithHTTPClient(base)}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.Credentials != nil {
		load = append(load, config.WithCredentialsProvider(o.Credentials))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("configure SES: %w", err)
	}
	sdk := sesv2.NewFromConfig(cfg, func(s *sesv2.Options) {
		s.HTTPClient = watch{s.HTTPClient}
		if o.Endpoint != "" {
			s.BaseEndpoint = aws.String(o.Endpoint)
		}
	})
	return &Transport{o, newClient(sdk), newBucket(o.Rate, o.Now)}, nil
}

// Name implements email.Transport.
func (*Transport) Name() string { return "ses" }

// Repeatable implements email.Transport.
func (*Transport) Repeatable() bool { return false }

// Reserve implements email.Pacer.
func (t *Transport) Reserve(most int) (granted int, wait time.Duration) {
	return t.pace.reserveTokens(most)
}

// Release implements email.Pacer.
func (t *Transport) Release(unused int) { t.pace.releaseTokens(unused) }

// Send implements email.Transport. The id is SES's message id.
func (t *Transport) Send(ctx context.Context, e email.Email) (string, error) {
	in, err := t.sendEmailInput(e)
	if err != nil {
		return "", fmt.Errorf("%w: %w", email.ErrRejected, err)
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	var left atomic.Bool
	out, err := t.client.sendEmail(context.WithValue(ctx, leftKey{}, &left), in, func(o *sesv2.Options) {
		o.Retryer = aws.NopRetryer{}
	})
	if err != nil {
		return "", t.classifySendError(err, left.Load())
	}
	return aws.ToString(out.MessageId), nil
}

func (t *Transport) sendEmailInput(e email.Email) (*sesv2.SendEmailInput, error) {
	in := &sesv2.SendEmailInput{
		FromEmailAddress: aws.String(t.Sender.From.String()),
		Destination:      &types.Destination{ToAddresses: []string{e.Recipient}},
		EmailTags: []types.MessageTag{
			{Name: aws.String(EmailTag), Value: aws.String(e.ID)}, {Name: aws.String("template"), Value: aws.String(e.Template)},
		},
		Content: &types.EmailContent{},
	}
	if t.ConfigurationSet != "" {
		in.ConfigurationSetName = aws.String(t.ConfigurationSet)
	}
	if t.Stored && e.Data != "" {
		in.Content.Template = t.storedTemplate(e)
		if t.Sender.ReplyTo != "" {
			in.ReplyToAddresses = []string{t.Sender.ReplyTo}
		}
		return in, nil
	}
	raw, err := t.Sender.Compose(e, t.Now())
	if err != nil {
		return nil, err
	}
	in.Content.Raw = &types.RawMessage{Data: raw}
	return in, nil
}

func (t *Transport) storedTemplate(e email.Email) *types.Template {
	out := &types.Template{TemplateName: aws.String(t.templateName(e.Template, e.Locale)), TemplateData: aws.String(e.Data)}
	for _, h := range t.Sender.Headers(e) {
		out.Headers = append(out.Headers, types.MessageHeader{Name: aws.String(h[0]), Value: aws.String(h[1])})
	}
	return out
}

type leftKey struct{}

// watch notes in the context's flag when a request has got a connection: from then on
// it may have left.
type watch struct{ sesv2.HTTPClient }

// Do implements sesv2.HTTPClient.
func (w watch) Do(r *http.Request) (*http.Response, error) {
	left, ok := r.Context().Value(leftKey{}).(*atomic.Bool)
	if !ok {
		return w.HTTPClient.Do(r)
	}
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { left.Store(true) }}
	return w.HTTPClient.Do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
}
