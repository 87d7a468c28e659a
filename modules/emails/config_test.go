package emails_test

import (
	"strings"
	"testing"

	"app/modules/emails"
	"app/platform/config"
)

func problems(variables map[string]string) string {
	return strings.Join(config.Problems(config.Load(config.Fixed(variables), emails.New().Config())), "\n")
}

func TestConfig(t *testing.T) {
	t.Parallel()
	smtp := map[string]string{"EMAIL_TRANSPORT": "smtp", "EMAIL_FROM": "Souk <shop@example.com>", "EMAIL_SMTP_HOST": "mail.example.com"}
	ses := map[string]string{"EMAIL_TRANSPORT": "ses", "EMAIL_FROM": "shop@example.com"}
	for name, tc := range map[string]struct {
		base map[string]string
		more string // NAME=value
		says string // empty for no problem
	}{
		"Nothing":           {nil, "", ""},
		"SMTP":              {smtp, "", ""},
		"SES":               {ses, "", ""},
		"Transport":         {nil, "EMAIL_TRANSPORT=pigeon", "mailbox, smtp, ses"},
		"NoSender":          {map[string]string{"EMAIL_TRANSPORT": "ses"}, "", "EMAIL_FROM is not set"},
		"Sender":            {ses, "EMAIL_FROM=nobody", "EMAIL_FROM"},
		"SenderInjection":   {ses, "EMAIL_FROM=Souk\r\nBcc: x <shop@example.com>", "EMAIL_FROM"},
		"NoHost":            {map[string]string{"EMAIL_TRANSPORT": "smtp", "EMAIL_FROM": "shop@example.com"}, "", "EMAIL_SMTP_HOST is not set"},
		"PasswordInClear":   {smtp, "EMAIL_SMTP_TLS=none EMAIL_SMTP_USER=u EMAIL_SMTP_PASSWORD=secret-word", "in the clear"},
		"UserAlone":         {smtp, "EMAIL_SMTP_USER=u", "set both or none"},
		"TLS":               {smtp, "EMAIL_SMTP_TLS=maybe", "starttls, implicit, none"},
		"LeaseTooShort":     {smtp, "EMAILS_LEASE=10s", "longer than EMAIL_SMTP_TIMEOUT"},
		"NoAuthority":       {smtp, "EMAIL_SMTP_CA=/nowhere.pem", "EMAIL_SMTP_CA"},
		"Endpoint":          {ses, "EMAIL_SES_ENDPOINT=http://ses.example.com", "EMAIL_SES_ENDPOINT"},
		"EndpointHere":      {ses, "EMAIL_SES_ENDPOINT=http://127.0.0.1:4566", ""},
		"KeyAlone":          {ses, "EMAIL_SES_KEY_ID=AKIDEXAMPLE", "set both or none"},
		"Key":               {ses, "EMAIL_SES_KEY_ID=AKIDEXAMPLE EMAIL_SES_KEY_SECRET=secret-word", ""},
		"Topics":            {ses, "EMAIL_SES_TOPICS=arn:aws:sns:eu-central-1:123456789012:a,arn:aws:sns:eu-central-1:123456789012:b", ""},
		"NoTopic":           {ses, "EMAIL_SES_TOPICS=ses-events", "not the ARN of an SNS topic"},
		"Locale":            {nil, "EMAIL_LOCALE=tlh", "EMAIL_LOCALE"},
		"MerchantTemplates": {nil, "EMAILS_MERCHANT_TEMPLATES=order_shipped,sign_in_code", `cannot send "sign_in_code"`},
		"Workers":           {nil, "EMAILS_WORKERS=0", "EMAILS_WORKERS"},
		"Unsubscribe":       {ses, "EMAIL_UNSUBSCRIBE=ftp://x", "EMAIL_UNSUBSCRIBE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			variables := map[string]string{}
			for k, v := range tc.base {
				variables[k] = v
			}
			for pair := range strings.SplitSeq(tc.more, " EMAIL_") {
				if k, v, ok := strings.Cut(pair, "="); ok {
					if !strings.HasPrefix(k, "EMAIL") {
						k = "EMAIL_" + k
					}
					variables[k] = v
				}
			}
			got := problems(variables)
			if (got == "") != (tc.says == "") || !strings.Contains(got, tc.says) || strings.Contains(got, "secret-word") {
				t.Errorf("problems:\n%s\nwant %q", got, tc.says)
			}
		})
	}
}
