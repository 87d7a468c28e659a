package edge_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"app/modules/gateway/internal/edge"
	"app/platform/identity"
	"app/platform/operation"
)

// browse sends what a browser with Ada's cookie would, with more headers.
func browse(g http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://shop.example"+path, strings.NewReader(""))
	r.Header.Set("Cookie", identity.SessionCookie+"=ada")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

func TestCookie(t *testing.T) {
	t.Parallel()
	t.Run("OpensWhatATokenOpens", func(t *testing.T) {
		t.Parallel()
		g, reached := newGateway(t, nil)
		if w := browse(g, http.MethodPost, "/user"); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if p := (*reached)[0]; p.UserID != "usr_ada" || p.Method != identity.Session {
			t.Errorf("%+v", p)
		}
	})
	t.Run("ATokenGoesFirst", func(t *testing.T) {
		t.Parallel()
		g, reached := newGateway(t, nil)
		browse(g, http.MethodPost, "/user", "Authorization", "Bearer admin")
		if p := (*reached)[0]; p.UserID != "usr_admin" || p.Method != identity.Bearer {
			t.Errorf("%+v", p)
		}
		if w := browse(g, http.MethodPost, "/user", "Authorization", "Bearer evil"); w.Code != http.StatusUnauthorized {
			t.Errorf("a bad token beside a good cookie: %d", w.Code)
		}
	})
	for name, cookie := range map[string]string{
		"Two": identity.SessionCookie + "=ada; " + identity.SessionCookie + "=admin", "WithoutThePrefix": "souk=ada; __host-souk=ada; __Host-souk2=ada",
		"Unknown": identity.SessionCookie + "=evil", "Empty": identity.SessionCookie + "=",
	} {
		t.Run(name+"OpensNothing", func(t *testing.T) {
			t.Parallel()
			g, reached := newGateway(t, nil)
			if w := browse(g, http.MethodPost, "/user", "Cookie", cookie); w.Code != http.StatusUnauthorized {
				t.Errorf("%d", w.Code)
			}
			if w := browse(g, http.MethodPost, "/public", "Cookie", cookie); w.Code != http.StatusOK || (*reached)[0].SignedIn() {
				t.Errorf("public: %d", w.Code)
			}
		})
	}
	t.Run("PublicStaysOpenWhenNobodyKnowsWhoseItIs", func(t *testing.T) {
		t.Parallel()
		g, _ := newGateway(t, nil)
		g.Authenticator = door{errors.New("users is down")}
		if public, user := browse(g, http.MethodPost, "/public"), browse(g, http.MethodPost, "/user"); public.Code != 200 || user.Code != 500 {
			t.Errorf("public %d, user %d", public.Code, user.Code)
		}
	})
}

func TestFailure30_CrossSiteRequestsWithTheCookie(t *testing.T) {
	t.Parallel()
	trusted := http.NewCrossOriginProtection()
	if err := trusted.AddTrustedOrigin("https://shop.example"); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		path    string
		headers []string
		refused bool
	}{
		"FromTheShop":          {"/user", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://shop.example"}, false},
		"TypedIn":              {"/user", []string{"Sec-Fetch-Site", "none"}, false},
		"NoBrowser":            {"/user", nil, false},
		"OtherSite":            {"/user", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, true},
		"OtherSiteNoOrigin":    {"/user", []string{"Sec-Fetch-Site", "cross-site"}, true},
		"OtherSubdomain":       {"/user", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://blog.shop.example"}, true},
		"OldBrowser":           {"/user", []string{"Origin", "https://evil.example"}, true},
		"OldBrowserOwnPage":    {"/user", []string{"Origin", "http://shop.example"}, false},
		"OldBrowserBehindTLS":  {"/user", []string{"Origin", "https://shop.example"}, false},
		"OpaqueOrigin":         {"/user", []string{"Origin", "null"}, true},
		"PublicWithCookie":     {"/public", []string{"Sec-Fetch-Site", "cross-site"}, true},
		"SignInWithoutCookie":  {"/public", []string{"Sec-Fetch-Site", "cross-site", "Cookie", "other=1"}, true},
		"BearerFromOtherSite":  {"/user", []string{"Sec-Fetch-Site", "cross-site", "Authorization", "Bearer ada"}, false},
		"UnknownCookieCounts":  {"/public", []string{"Sec-Fetch-Site", "cross-site", "Cookie", identity.SessionCookie + "=evil"}, true},
		"TwoCookiesCount":      {"/public", []string{"Sec-Fetch-Site", "cross-site", "Cookie", identity.SessionCookie + "=a; " + identity.SessionCookie + "=b"}, true},
		"HeaderOfTheProxyIsNo": {"/user", []string{"Sec-Fetch-Site", "cross-site", "X-Forwarded-Host", "evil.example", "Origin", "https://evil.example"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, reached := newGateway(t, nil)
			g.Origins = trusted
			w := browse(g, http.MethodPost, tc.path, tc.headers...)
			if refused := w.Code == http.StatusForbidden && strings.Contains(w.Body.String(), "cross_site_request"); refused != tc.refused || len(*reached) == 0 != tc.refused {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

// What an operation has revoked is known at its gateway before the client reads the
// reply.
func TestSettle(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(w http.ResponseWriter){
		"Status":  func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
		"Body":    func(w http.ResponseWriter) { _, _ = w.Write([]byte("{}")) },
		"Interim": func(w http.ResponseWriter) { w.WriteHeader(http.StatusEarlyHints); w.WriteHeader(http.StatusOK) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorder := httptest.NewRecorder()
			settled := 0
			op := operation.Operation{Method: http.MethodPost, Path: "/out", Access: operation.Public, Rate: operation.RateDefault, Revokes: true}
			g := &edge.Gateway{
				Table: edge.NewTable([]*edge.Entry{{Module: "test", Operation: op, Serve: func(w http.ResponseWriter, _ *http.Request, _ *operation.Operation) {
					if settled != 0 {
						t.Error("settled before anything was revoked")
					}
					serve(w)
				}}}),
				Authenticator: door{}, Origins: http.NewCrossOriginProtection(),
				Settle: func(ctx context.Context) {
					settled++
					if recorder.Flushed || recorder.Body.Len() > 0 || ctx.Err() != nil {
						t.Error("the reply had left")
					}
				},
			}
			g.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/out", http.NoBody))
			if settled != 1 {
				t.Errorf("settled %d times", settled)
			}
		})
	}
}

// An operation that reads the Authorization header itself, as the token endpoint does,
// gets it and nobody else judges it.
func TestAuthorizationOfTheOperation(t *testing.T) {
	t.Parallel()
	var seen string
	op := operation.Operation{Method: http.MethodPost, Path: "/token", Access: operation.Public, Rate: operation.RateAuth, Headers: []string{"Authorization"}}
	g := &edge.Gateway{
		Table: edge.NewTable([]*edge.Entry{{Module: "test", Operation: op, Serve: func(_ http.ResponseWriter, r *http.Request, _ *operation.Operation) {
			seen = r.Header.Get("Authorization")
		}}}),
		Authenticator: door{}, Origins: http.NewCrossOriginProtection(),
	}
	if w := send(g, "/token", "Basic Og==", ""); w.Code != http.StatusOK || seen != "Basic Og==" {
		t.Errorf("%d %q", w.Code, seen)
	}
}

// What an operation does not need it does not judge; what it may use it does not pass
// over.
func TestFault13_CredentialsThatAreNotNeeded(t *testing.T) {
	t.Parallel()
	const cookie = identity.SessionCookie + "=admin"
	type outcome struct {
		status int
		who    string
	}
	for name, tc := range map[string]struct {
		authorization []string
		cookie        string
		broken        bool
		want          map[string]outcome // by path
	}{
		"Valid":             {[]string{"Bearer ada"}, "", false, map[string]outcome{"public": {200, "usr_ada"}, "optional": {200, "usr_ada"}, "lenient": {200, "usr_ada"}, "user": {200, "usr_ada"}}},
		"ValidGoesFirst":    {[]string{"bearer ada"}, cookie, false, map[string]outcome{"public": {200, "usr_ada"}, "optional": {200, "usr_ada"}, "lenient": {200, "usr_ada"}}},
		"Expired":           {[]string{"Bearer old"}, "", false, map[string]outcome{"public": {200, ""}, "optional": {401, ""}, "lenient": {200, ""}, "user": {401, ""}}},
		"ExpiredAndACookie": {[]string{"Bearer old"}, cookie, false, map[string]outcome{"public": {200, "usr_admin"}, "optional": {401, ""}, "lenient": {200, "usr_admin"}, "user": {401, ""}}},
		"Twice":             {[]string{"Bearer ada", "Bearer ada"}, "", false, map[string]outcome{"public": {200, ""}, "optional": {401, ""}, "lenient": {200, ""}, "user": {401, ""}}},
		"Foreign":           {[]string{"Basic eDp5"}, "", false, map[string]outcome{"public": {200, ""}, "optional": {200, ""}, "lenient": {200, ""}, "user": {401, ""}}},
		"ForeignAndACookie": {[]string{"Basic eDp5"}, cookie, false, map[string]outcome{"public": {200, "usr_admin"}, "optional": {200, "usr_admin"}, "user": {200, "usr_admin"}}},
		"Unreadable":        {[]string{"Bearer"}, "", false, map[string]outcome{"public": {200, ""}, "optional": {401, ""}, "lenient": {200, ""}}},
		"NotNow":            {[]string{"Bearer ada"}, "", true, map[string]outcome{"public": {200, ""}, "optional": {500, ""}, "lenient": {500, ""}, "user": {500, ""}}},
		"CookieNotNow":      {nil, cookie, true, map[string]outcome{"public": {200, ""}, "optional": {500, ""}, "lenient": {500, ""}, "user": {500, ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, reached := newGateway(t, nil)
			if tc.broken {
				g.Authenticator = door{errors.New("users is down")}
			}
			for path, want := range tc.want {
				*reached = nil
				r := httptest.NewRequest(http.MethodPost, "/"+path, http.NoBody)
				r.Header["Authorization"] = tc.authorization
				if tc.cookie != "" {
					r.Header.Set("Cookie", tc.cookie)
				}
				w := httptest.NewRecorder()
				g.ServeHTTP(w, r)
				got := outcome{status: w.Code}
				if len(*reached) > 0 {
					got.who = (*reached)[0].UserID
				}
				if got != want {
					t.Errorf("%s: %+v, want %+v", path, got, want)
				}
			}
		})
	}
}

// A browser repeats the user's name and password of the scheme Basic for another site's
// page too, so they excuse nothing.
func TestFault13_ForeignSchemesDoNotExcuseAnotherSite(t *testing.T) {
	t.Parallel()
	g, reached := newGateway(t, nil)
	w := browse(g, http.MethodPost, "/user", "Sec-Fetch-Site", "cross-site", "Authorization", "Basic eDp5")
	if w.Code != http.StatusForbidden || len(*reached) != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
