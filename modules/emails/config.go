package emails

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"app/modules/emails/internal/message"
	"app/modules/emails/internal/notice"
	"app/modules/emails/internal/smtp"
	"app/modules/emails/internal/template"
)

// Config of the module.
type Config struct {
	Transport   string        `env:"EMAIL_TRANSPORT" envDefault:"mailbox" doc:"who delivers e-mails: mailbox (kept in the module's database, shown at /dev/mailbox), smtp or ses"`
	From        string        `env:"EMAIL_FROM" doc:"who e-mails are from, as Souk <no-reply@example.com>; needed for smtp and ses"`
	ReplyTo     string        `env:"EMAIL_REPLY_TO" doc:"where answers to e-mails go; nowhere but to the sender when empty"`
	Unsubscribe string        `env:"EMAIL_UNSUBSCRIBE" doc:"https: or mailto: address that merchants' e-mails name in List-Unsubscribe"`
	Locale      string        `env:"EMAIL_LOCALE" envDefault:"en" doc:"language of e-mails to people whose own is not known or not there: en or de"`
	Check       string        `env:"EMAIL_CHECK" envDefault:"warn" doc:"ask the transport at the start, and every EMAIL_CHECK_INTERVAL, whether the sender may send: warn logs that it may not, strict does not start, off does not ask"`
	CheckEvery  time.Duration `env:"EMAIL_CHECK_INTERVAL" envDefault:"5m" doc:"how often the transport is asked, for ses also for the account's quota"`
	Workers     int           `env:"EMAILS_WORKERS" envDefault:"4" doc:"e-mails handed over at the same time by one process"`
	Poll        time.Duration `env:"EMAILS_POLL" envDefault:"1s" doc:"how often the queue is looked at when nothing wakes the workers"`
	Lease       time.Duration `env:"EMAILS_LEASE" envDefault:"60s" doc:"how long handing over an e-mail may take before it counts as abandoned; longer than the transport's own time-out"`
	Attempts    int           `env:"EMAILS_ATTEMPTS" envDefault:"10" doc:"tries before an e-mail has failed; what is not the e-mail's fault does not count"`
	MaxAge      time.Duration `env:"EMAILS_MAX_AGE" envDefault:"72h" doc:"how long an e-mail may wait before it has failed; e-mails with codes wait as long as the code is good"`
	Silent      time.Duration `env:"EMAILS_UNKNOWN_AFTER" envDefault:"1h" doc:"how long after a lost reply, without news from the transport, an e-mail is listed for the operator"`

	MerchantTemplates []string `env:"EMAILS_MERCHANT_TEMPLATES" envDefault:"one_time_code,order_shipped,merchant_message" doc:"templates that merchants may send with an API key"`
	MerchantRate      int      `env:"EMAILS_MERCHANT_RATE" envDefault:"500" doc:"e-mails an hour that one merchant may send: so many at once, and as many again spread over the hour; none when 0"`
	OwnerRate         int      `env:"EMAILS_OWNER_RATE" envDefault:"1000" doc:"e-mails an hour that all merchants of one owner may send together; none when 0"`
	NetworkRate       int      `env:"EMAILS_NETWORK_RATE" envDefault:"2000" doc:"e-mails an hour that merchants may send from one network (an IPv4 /24, an IPv6 /48) together; none when 0"`

	RecipientRate int           `env:"EMAILS_RECIPIENT_RATE" envDefault:"20" doc:"e-mails a day that an address gets which it may not have asked for: receipts of guests, codes for registering, merchants' e-mails and the like; so many at once, and as many again spread over the day"`
	KeepCustomers time.Duration `env:"EMAILS_KEEP_CUSTOMERS" envDefault:"4320h" doc:"how long merchants may write to the buyers of an order, and their addresses are kept for it"`

	SMTPHost        string        `env:"EMAIL_SMTP_HOST" doc:"mail server for smtp"`
	SMTPPort        int           `env:"EMAIL_SMTP_PORT" envDefault:"587" doc:"port of the mail server"`
	SMTPTLS         string        `env:"EMAIL_SMTP_TLS" envDefault:"starttls" doc:"starttls (refused without it), implicit (TLS from the first byte, usually port 465) or none (no password may be set then)"`
	SMTPUser        string        `env:"EMAIL_SMTP_USER" doc:"name at the mail server; no authentication when empty"`
	SMTPPassword    string        `env:"EMAIL_SMTP_PASSWORD" secret:"true" doc:"password at the mail server"`
	SMTPCA          string        `env:"EMAIL_SMTP_CA" doc:"file of PEM certificates that vouch for the mail server instead of the system's"`
	SMTPTimeout     time.Duration `env:"EMAIL_SMTP_TIMEOUT" envDefault:"45s" doc:"how long connecting, and then each e-mail, may take"`
	SMTPConnections int           `env:"EMAIL_SMTP_CONNECTIONS" envDefault:"4" doc:"connections kept for the next e-mails"`

	SESRegion    string        `env:"EMAIL_SES_REGION" doc:"region of Amazon SES; AWS_REGION or the profile's when empty"`
	SESKeyID     string        `env:"EMAIL_SES_KEY_ID" doc:"access key that may send; when empty, credentials are found as the AWS SDK finds them (AWS_ACCESS_KEY_ID, the profile's, the machine's role)"`
	SESKeySecret string        `env:"EMAIL_SES_KEY_SECRET" secret:"true" doc:"secret of the access key"`
	SESEndpoint  string        `env:"EMAIL_SES_ENDPOINT" doc:"address of the SES API instead of Amazon's own"`
	SESSet       string        `env:"EMAIL_SES_CONFIGURATION_SET" doc:"configuration set whose events are published to the topics of EMAIL_SES_TOPICS"`
	SESTemplates string        `env:"EMAIL_SES_TEMPLATES" envDefault:"local" doc:"who renders: local (here) or stored (SES, from what app emails templates push has put there)"`
	SESPrefix    string        `env:"EMAIL_SES_TEMPLATE_PREFIX" envDefault:"souk_" doc:"what the names of stored templates begin with"`
	SESRate      float64       `env:"EMAIL_SES_RATE" envDefault:"0" doc:"e-mails a second that this process may send at most; the account's quota when 0"`
	SESTimeout   time.Duration `env:"EMAIL_SES_TIMEOUT" envDefault:"15s" doc:"how long a request to SES may take"`
	SESTopics    []string      `env:"EMAIL_SES_TOPICS" doc:"ARNs of the SNS topics whose notices are accepted at /v1/emails/webhooks/ses; none when empty"`
	NoticeAge    time.Duration `env:"EMAIL_SES_NOTICE_AGE" envDefault:"1h" doc:"how old a notice may be; repetitions are told apart for longer"`
}

// Validate implements config's check; every error names its variable.
func (c *Config) Validate() error {
	errs := []error{
		oneOf("EMAIL_TRANSPORT", c.Transport, "mailbox", "smtp", "ses"), oneOf("EMAIL_CHECK", c.Check, "warn", "strict", "off"),
		oneOf("EMAIL_SMTP_TLS", c.SMTPTLS, "starttls", "implicit", "none"), oneOf("EMAIL_SES_TEMPLATES", c.SESTemplates, "local", "stored"),
	}
	for _, n := range []struct {
		name            string
		value, min, max int
	}{
		{"EMAILS_WORKERS", c.Workers, 1, 64}, {"EMAILS_ATTEMPTS", c.Attempts, 1, 1000}, {"EMAILS_MERCHANT_RATE", c.MerchantRate, 0, 1_000_000},
		{"EMAILS_OWNER_RATE", c.OwnerRate, 0, 1_000_000}, {"EMAILS_NETWORK_RATE", c.NetworkRate, 0, 1_000_000}, {"EMAILS_RECIPIENT_RATE", c.RecipientRate, 1, 1_000_000},
		{"EMAIL_SMTP_PORT", c.SMTPPort, 1, 65535}, {"EMAIL_SMTP_CONNECTIONS", c.SMTPConnections, 0, 64},
	} {
		if n.value < n.min || n.value > n.max {
			errs = append(errs, fmt.Errorf("%s=%d: must be %d to %d", n.name, n.value, n.min, n.max))
		}
	}
	for _, d := range []struct {
		name string
		wait time.Duration
	}{
		{"EMAILS_POLL", c.Poll}, {"EMAILS_LEASE", c.Lease}, {"EMAILS_MAX_AGE", c.MaxAge}, {"EMAILS_UNKNOWN_AFTER", c.Silent},
		{"EMAIL_CHECK_INTERVAL", c.CheckEvery}, {"EMAIL_SMTP_TIMEOUT", c.SMTPTimeout}, {"EMAIL_SES_TIMEOUT", c.SESTimeout},
		{"EMAIL_SES_NOTICE_AGE", c.NoticeAge}, {"EMAILS_KEEP_CUSTOMERS", c.KeepCustomers},
	} {
		if d.wait <= 0 {
			errs = append(errs, fmt.Errorf("%s=%s: must be longer than nothing", d.name, d.wait))
		}
	}
	errs = append(errs, c.checkTemplates(), c.checkTransport(), c.checkTopics())
	return errors.Join(errs...)
}

func (c *Config) checkTemplates() error {
	set, err := template.Parse(c.Locale)
	if err != nil {
		return fmt.Errorf("EMAIL_LOCALE: %w", err)
	}
	var errs []error
	for _, name := range c.MerchantTemplates {
		if t, ok := set.ByName(name); !ok || !t.Merchants {
			errs = append(errs, fmt.Errorf("EMAILS_MERCHANT_TEMPLATES: merchants cannot send %q", name))
		}
	}
	return errors.Join(errs...)
}

// checkTransport looks at what the chosen transport needs only.
func (c *Config) checkTransport() error {
	if c.Transport != "smtp" && c.Transport != "ses" {
		return nil
	}
	var errs []error
	if c.From == "" {
		errs = append(errs, errors.New("EMAIL_FROM is not set"))
	} else if _, err := c.parseSender(); err != nil {
		errs = append(errs, fmt.Errorf("EMAIL_FROM, EMAIL_REPLY_TO: %w", err))
	}
	if u := c.Unsubscribe; u != "" && !strings.HasPrefix(u, "https://") && !strings.HasPrefix(u, "mailto:") {
		errs = append(errs, fmt.Errorf("EMAIL_UNSUBSCRIBE=%q: must be an https:// or a mailto: address", u))
	}
	if c.Transport == "ses" {
		return errors.Join(append(errs, c.checkSES())...)
	}
	return errors.Join(append(errs, c.checkSMTP())...)
}

func (c *Config) checkSMTP() error {
	var errs []error
	if c.SMTPHost == "" {
		errs = append(errs, errors.New("EMAIL_SMTP_HOST is not set"))
	}
	if c.SMTPTLS == string(smtp.None) && c.SMTPPassword != "" {
		errs = append(errs, errors.New("EMAIL_SMTP_TLS=none: a password would be said in the clear"))
	}
	if (c.SMTPUser == "") != (c.SMTPPassword == "") {
		errs = append(errs, errors.New("EMAIL_SMTP_USER and EMAIL_SMTP_PASSWORD: set both or none"))
	}
	if c.Lease <= c.SMTPTimeout {
		errs = append(errs, fmt.Errorf("EMAILS_LEASE=%s: must be longer than EMAIL_SMTP_TIMEOUT=%s", c.Lease, c.SMTPTimeout))
	}
	if _, err := c.smtpRootCAs(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (c *Config) checkSES() error {
	var errs []error
	if (c.SESKeyID == "") != (c.SESKeySecret == "") {
		errs = append(errs, errors.New("EMAIL_SES_KEY_ID and EMAIL_SES_KEY_SECRET: set both or none"))
	}
	if c.SESRate < 0 {
		errs = append(errs, fmt.Errorf("EMAIL_SES_RATE=%g: must not be negative", c.SESRate))
	}
	if c.Lease <= c.SESTimeout {
		errs = append(errs, fmt.Errorf("EMAILS_LEASE=%s: must be longer than EMAIL_SES_TIMEOUT=%s", c.Lease, c.SESTimeout))
	}
	if c.SESEndpoint != "" {
		u, err := url.Parse(c.SESEndpoint)
		if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopbackHost(u.Hostname())) {
			errs = append(errs, errors.New("EMAIL_SES_ENDPOINT: not an https:// address (http:// only on this machine)"))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) checkTopics() error {
	var errs []error
	for _, topic := range c.SESTopics {
		if _, ok := notice.RegionOf(topic); !ok {
			errs = append(errs, fmt.Errorf("EMAIL_SES_TOPICS: %q is not the ARN of an SNS topic", topic))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) parseSender() (message.Sender, error) {
	return message.ParseSender(c.From, c.ReplyTo, c.Unsubscribe)
}

// smtpRootCAs reads EMAIL_SMTP_CA; nil when it is empty, for the system's.
func (c *Config) smtpRootCAs() (*x509.CertPool, error) {
	if c.SMTPCA == "" {
		return nil, nil //nolint:nilnil // that is how crypto/tls says the system's
	}
	pem, err := os.ReadFile(c.SMTPCA)
	if err != nil {
		return nil, fmt.Errorf("EMAIL_SMTP_CA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("EMAIL_SMTP_CA: no certificates in %s", c.SMTPCA)
	}
	return pool, nil
}

func isLoopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func oneOf(name, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s=%q: must be one of %s", name, value, strings.Join(allowed, ", "))
}
