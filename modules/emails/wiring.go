package emails

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"app/modules/emails/internal/email"
	"app/modules/emails/internal/ses"
	"app/modules/emails/internal/smtp"
	"app/platform/host"
	"app/platform/lifecycle"
)

// newTransport makes the transport that the configuration chooses.
func (m *Module) newTransport(ctx context.Context, env host.Env) (email.Transport, error) {
	c := m.cfg
	if c.Transport == "mailbox" {
		return m.mailbox, nil
	}
	if c.Transport == "ses" {
		return m.newSES(ctx, env)
	}
	sender, err := c.parseSender()
	if err != nil {
		return nil, err
	}
	roots, err := c.smtpRootCAs()
	if err != nil {
		return nil, err
	}
	return smtp.New(smtp.Options{
		Host: c.SMTPHost, Port: c.SMTPPort, TLS: smtp.TLS(c.SMTPTLS), User: c.SMTPUser, Password: c.SMTPPassword, Roots: roots,
		Timeout: c.SMTPTimeout, Connections: c.SMTPConnections, Sender: sender, Now: env.Now,
	})
}

func (m *Module) newSES(ctx context.Context, env host.Env) (*ses.Transport, error) {
	c := m.cfg
	sender, err := c.parseSender()
	if err != nil {
		return nil, err
	}
	return ses.New(ctx, ses.Options{
		Region: c.SESRegion, Endpoint: c.SESEndpoint, ConfigurationSet: c.SESSet, Stored: c.SESTemplates == "stored", TemplatePrefix: c.SESPrefix,
		Rate: c.SESRate, Timeout: c.SESTimeout, Sender: sender, Now: env.Now, Credentials: c.sesKey(),
	})
}

// sesKey gives the access key that is configured, nil when there is none.
func (c *Config) sesKey() aws.CredentialsProvider {
	if c.SESKeyID == "" {
		return nil
	}
	key := aws.Credentials{AccessKeyID: c.SESKeyID, SecretAccessKey: c.SESKeySecret, Source: "EMAIL_SES_KEY_ID"}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return key, nil })
}

// How often the gauges are brought up to date, and what is old forgotten.
const (
	measureEvery = 5 * time.Second
	forgetEvery  = time.Hour
)

// newWorkers makes the module's background work and ties the e-mails to it.
func (m *Module) newWorkers(env host.Env) []*lifecycle.Worker {
	worker := func(name string, every time.Duration, work func(context.Context) error) *lifecycle.Worker {
		return lifecycle.NewWorker(name, every, env.Logger, func(ctx context.Context) (bool, error) { return false, work(ctx) })
	}
	send := worker("emails.send", m.cfg.Poll, func(ctx context.Context) error {
		_, err := m.emails.SendDue(ctx)
		return err
	})
	m.emails.Queued = send.Wake
	m.emails.Later = func(d time.Duration) { time.AfterFunc(d, send.Wake) }
	out := []*lifecycle.Worker{
		send, worker("emails.measure", measureEvery, m.emails.Measure),
		worker("emails.forget", forgetEvery, func(ctx context.Context) error {
			return errors.Join(m.notices.Forget(ctx, m.cfg.NoticeAge), m.notifications.Forget(ctx, m.cfg.KeepCustomers))
		}),
	}
	if checker, ok := m.transport.(email.Checker); ok && m.cfg.Check != "off" {
		out = append(out, worker("emails.check", m.cfg.CheckEvery, checker.Check))
	}
	return out
}
