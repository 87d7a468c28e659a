package emails_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"app/modules"
	"app/modules/emails/emailstest"
	"app/platform/cli"
	"app/platform/config"
)

// app runs a command line over a data folder and gives what it says.
func app(t *testing.T, variables map[string]string, args ...string) (out string, code int) {
	t.Helper()
	var said bytes.Buffer
	p := &cli.Program{Modules: modules.All, Environment: config.Fixed(variables), Out: &said, Err: &said, Now: time.Now}
	code = p.Run(context.Background(), args)
	return said.String(), code
}

func TestPreview(t *testing.T) {
	t.Parallel()
	for args, says := range map[string]string{
		"preview receipt --locale=de":    "Subject: Beleg zur Bestellung",
		"preview receipt":                "Total: 44.80 EUR",
		"preview welcome --html":         "<p>Hello Ada,</p>",
		"preview nothing":                `no template "nothing"`,
		"preview welcome --locale=tlh":   "only in",
		"templates":                      "order_id (text)",
		"retry":                          "--all",
		"retry ltr_1 --all":              "--all",
		"preview one_time_code --locale": "flag needs an argument",
	} {
		if out, _ := app(t, nil, append([]string{"emails"}, strings.Fields(args)...)...); !strings.Contains(out, says) {
			t.Errorf("app emails %s says\n%s\nwant %q", args, out, says)
		}
	}
}

func TestListDeadRetry(t *testing.T) {
	t.Parallel()
	env := map[string]string{"DATA_DIR": t.TempDir()}
	for args, says := range map[string]string{
		"list --status=queued": "STATUS", "dead": "STATUS", "retry --all": "0 queued again", "retry ltr_1": "letter_not_found",
	} {
		if out, _ := app(t, env, append([]string{"emails"}, strings.Fields(args)...)...); !strings.Contains(out, says) {
			t.Errorf("app emails %s says\n%s\nwant %q", args, out, says)
		}
	}
}

// Not parallel: the SDK reads its credentials from the environment of the process.
func TestSESCommands(t *testing.T) {
	server := emailstest.NewSES(t)
	server.Set(emailstest.Quota{MaxSendRate: 1}, true, map[string]bool{})
	t.Setenv("AWS_ACCESS_KEY_ID", emailstest.SESKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", emailstest.SESSecret)
	env := map[string]string{
		"DATA_DIR": t.TempDir(), "EMAIL_FROM": "Souk <shop@example.com>", "EMAIL_SES_ENDPOINT": server.URL, "EMAIL_SES_REGION": emailstest.SESRegion,
	}
	for range 2 {
		out, code := app(t, env, "emails", "verify-identity")
		if code != 0 || !strings.Contains(out, "example.com: not verified yet") || !strings.Contains(out, "aaa111._domainkey.example.com  CNAME  aaa111.dkim.amazonses.com") {
			t.Errorf("%d %s", code, out)
		}
	}
	out, code := app(t, env, "emails", "templates", "push")
	if _, ok := server.Template("souk_receipt_de"); code != 0 || !ok || !strings.Contains(out, "souk_receipt_en") {
		t.Errorf("%d %s", code, out)
	}
	strict := maps.Clone(env)
	strict["EMAIL_TRANSPORT"], strict["EMAIL_CHECK"], strict["HTTP_ADDR"], strict["ADMIN_ADDR"] = "ses", "strict", "127.0.0.1:0", "off"
	strict["INTERNAL_ADDR"] = "127.0.0.1:0"
	if out, code := app(t, strict, "serve", "--all"); code == 0 || !strings.Contains(out, "example.com") || !strings.Contains(out, "EMAIL_CHECK=strict") {
		t.Errorf("an unverified sender: %d %s", code, out)
	}
}

// The key that the module is configured with is the one that signs.
func TestSESKey(t *testing.T) {
	t.Parallel()
	server := emailstest.NewSES(t)
	server.Set(emailstest.Quota{MaxSendRate: 1}, true, map[string]bool{})
	secret := filepath.Join(t.TempDir(), "secret")
	for value, signs := range map[string]bool{emailstest.SESSecret: true, "another": false} {
		if err := os.WriteFile(secret, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		out, code := app(t, map[string]string{
			"DATA_DIR": t.TempDir(), "EMAIL_FROM": "Souk <no-reply@example.com>", "EMAIL_SES_ENDPOINT": server.URL, "EMAIL_SES_REGION": emailstest.SESRegion,
			"EMAIL_SES_KEY_ID": emailstest.SESKey, "EMAIL_SES_KEY_SECRET_FILE": secret,
		}, "emails", "verify-identity")
		if (code == 0) != signs || strings.Contains(out, value) {
			t.Errorf("with %s: %d %s", value, code, out)
		}
	}
}
