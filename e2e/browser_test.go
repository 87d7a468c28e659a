package e2e_test

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"app/e2e/harness/shop"
	"app/platform/identity/oidctest"
)

// firstPage is how long a browser may take to start and show something on a machine
// that has much else to do.
const firstPage = 5 * time.Minute

// chromium starts a Chromium of the test's own. Where none is installed the test is
// skipped; where the variable CI is set it fails instead.
func chromium(t *testing.T) context.Context {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		if os.Getenv("CI") != "" { //nolint:forbidigo // a test's own switch
			t.Fatal("chromium has to be installed")
		}
		t.Skip("NOT TESTED IN A BROWSER: chromium is not installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.UserDataDir(profile(t)), chromedp.WSURLReadTimeout(firstPage),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	ctx, cancel := context.WithTimeout(context.Background(), firstPage)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return ctx
}

// profile is a folder for a browser. Processes of the browser outlive it and write for
// a moment longer, so removing it may take more than one try.
func profile(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(os.TempDir(), "souk-browser-"+strconv.Itoa(os.Getpid())+"-"+strconv.FormatInt(profiles.Add(1), 10))
	t.Cleanup(func() {
		for deadline := time.Now().Add(30 * time.Second); os.RemoveAll(dir) != nil && time.Now().Before(deadline); {
			<-time.After(50 * time.Millisecond)
		}
	})
	return dir
}

// profiles counts them.
var profiles atomic.Int64

// The whole way of somebody who signs in with a provider, in a browser: to the provider
// and back, with a cookie that no script sees, and out everywhere.
func TestBrowserSignsInWithTheProvider(t *testing.T) {
	t.Parallel()
	first := chromium(t)
	address := shop.FreeAddress(t)
	base := "http://" + address
	provider := oidctest.Start(t, oidctest.Setup{
		ClientID: "souk", Secret: "s3cret", Redirect: []string{base + "/v1/auth/google/callback"},
		People: []oidctest.Person{{ID: "1", Name: "Ada Lovelace", Email: "ada@example.com", Password: "provider's"}},
	})
	serveAt(t, address, map[string]string{"GOOGLE_CLIENT_ID": "souk", "GOOGLE_CLIENT_SECRET": "s3cret", "GOOGLE_ISSUER": provider.Issuer})
	second := chromium(t)
	complaints := listen(first)
	signInAtProvider(first, t, base)
	wantCookie(first, t)
	wantScriptsSeeNothing(first, t)
	if got := fetched(first, t, "GET", "/v1/users/auth"); !strings.HasPrefix(got, "200 ") || !strings.Contains(got, `"auth_method":"session"`) {
		t.Errorf("signed in: %s", got)
	}
	signInAtProvider(second, t, base)
	if got := fetched(first, t, "DELETE", "/v1/auth/sessions"); !strings.HasPrefix(got, "2") {
		t.Errorf("sign out everywhere else: %s", got)
	}
	if got := fetched(second, t, "GET", "/v1/users/me"); !strings.HasPrefix(got, "401 ") {
		t.Errorf("elsewhere after that: %s", got)
	}
	if got := fetched(first, t, "GET", "/v1/users/me"); !strings.HasPrefix(got, "200 ") {
		t.Errorf("here after that: %s", got)
	}
	if got := fetched(first, t, "POST", "/v1/auth/logout"); !strings.HasPrefix(got, "204 ") {
		t.Errorf("sign out: %s", got)
	}
	if got := fetched(first, t, "GET", "/v1/users/me"); !strings.HasPrefix(got, "401 ") {
		t.Errorf("after signing out: %s", got)
	}
	if said := complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %s", strings.Join(said, "\n"))
	}
}

// serveAt starts a shop of one process at an address that is known before.
func serveAt(t *testing.T, address string, extra map[string]string) {
	t.Helper()
	env, dir := shop.Settings(), t.TempDir()
	maps.Copy(env, extra)
	env["HTTP_ADDR"], env["DATA_DIR"] = address, dir
	part := shop.NewPart("shop", shop.Binary(t), filepath.Join(dir, "shop.log"), []string{"serve", "--all"}, env)
	part.Start(t)
	t.Cleanup(func() { part.Stop(t) })
	part.AwaitReady(t)
}

// signInAtProvider goes to the provider and comes back to the page of the API, which
// shows that it works under its policy.
func signInAtProvider(ctx context.Context, t *testing.T, base string) {
	t.Helper()
	err := chromedp.Run(ctx,
		chromedp.Navigate(base+"/v1/auth/google?return_to=/docs"),
		chromedp.WaitVisible(`input[name=login]`, chromedp.ByQuery),
		chromedp.SendKeys(`input[name=login]`, "ada@example.com", chromedp.ByQuery),
		chromedp.SendKeys(`input[name=password]`, "provider's", chromedp.ByQuery),
		chromedp.Submit(`input[name=password]`, chromedp.ByQuery),
		chromedp.WaitVisible(`.opblock-tag`, chromedp.ByQuery),
	)
	if err != nil {
		var at, page string
		_ = chromedp.Run(ctx, chromedp.Location(&at), chromedp.OuterHTML("html", &page, chromedp.ByQuery)) // to say where it hangs
		t.Fatalf("sign in at the provider: %v at %s:\n%.2000s", err, at, page)
	}
}

// wantCookie checks how the browser keeps the session.
func wantCookie(ctx context.Context, t *testing.T) {
	t.Helper()
	var cookies []*network.Cookie
	err := chromedp.Run(ctx, chromedp.ActionFunc(func(ctx context.Context) (err error) {
		cookies, err = network.GetCookies().Do(ctx)
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, c := range cookies {
		if c.Name != "__Host-souk" {
			continue
		}
		found = true
		if !c.HTTPOnly || !c.Secure || c.SameSite != network.CookieSameSiteLax || c.Path != "/" || strings.HasPrefix(c.Domain, ".") || c.Session {
			t.Errorf("cookie %+v", c)
		}
	}
	if !found {
		t.Errorf("no session among %d cookies", len(cookies))
	}
}

func wantScriptsSeeNothing(ctx context.Context, t *testing.T) {
	t.Helper()
	var seen string
	if err := chromedp.Run(ctx, chromedp.Evaluate(`document.cookie`, &seen)); err != nil || strings.Contains(seen, "souk") {
		t.Errorf("scripts see %q, %v", seen, err)
	}
}

// fetched sends a request from the page and returns status and body.
func fetched(ctx context.Context, t *testing.T, method, path string) (answer string) {
	t.Helper()
	script := `fetch("` + path + `", {method: "` + method + `"}).then(async r => r.status + " " + await r.text())`
	promised := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	if err := chromedp.Run(ctx, chromedp.Evaluate(script, &answer, promised)); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer
}

// listen collects what a page throws and what its policy forbids, until it is asked.
func listen(ctx context.Context) func() []string {
	said := make(chan string, 1000)
	chromedp.ListenTarget(ctx, func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			said <- e.ExceptionDetails.Error()
		}
	})
	return func() (out []string) {
		for {
			select {
			case s := <-said:
				out = append(out, s)
			default:
				return out
			}
		}
	}
}
