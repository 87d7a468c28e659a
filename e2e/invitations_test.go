package e2e_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"app/e2e/harness/shop"
)

// Somebody is invited by letter, accepts in the browser, makes an API key and leaves;
// the key is named and goes on.
func TestFault07_InvitedByLetter(t *testing.T) {
	t.Parallel()
	shop.Run(t, invitedByLetter, nil)
}

// codeOf is the code that an invitation's letter shows, and that its link carries in
// the fragment.
var codeOf = regexp.MustCompile(`/v1/invitations/letter#(inv_[0-9a-z]{26}-[A-Za-z0-9_-]{43})\n`)

func invitedByLetter(t *testing.T, s *shop.Shop) {
	ctx := t.Context()
	owner := must(s.SignUp(ctx, "ada@example.com"))(t)
	merchant := must(owner.OpenMerchant(ctx, "Lamps"))(t)
	bob := must(s.SignUp(ctx, "bob@example.com"))(t)
	members := "/v1/merchants/" + merchant + "/members"
	invite := func(email string) (code string) {
		t.Helper()
		if err := owner.Call(ctx, http.StatusAccepted, http.MethodPost, members, map[string]string{"email": email, "role": "owner"}, nil); err != nil {
			t.Fatal(err)
		}
		letter := must(s.AwaitLetter(ctx, email, codeOf))(t)
		return codeOf.FindStringSubmatch(letter.Text)[1]
	}
	code, declined := invite("bob@example.com"), invite("nobody@example.com")
	id, token, _ := strings.Cut(declined, "-")
	answer := func(c *shop.Client, status int, what string) {
		t.Helper()
		if err := c.Call(ctx, status, http.MethodPost, "/v1/invitations/"+id+"/"+what, map[string]string{"token": token}, nil); err != nil {
			t.Error(err)
		}
	}
	answer(s.Client, http.StatusUnauthorized, "accept")
	answer(s.Client, http.StatusNoContent, "decline")
	answer(bob, http.StatusNotFound, "accept")
	if err := bob.Call(ctx, http.StatusNotFound, http.MethodGet, members, nil, nil); err != nil {
		t.Errorf("a member before they agreed: %v", err)
	}
	form := []byte(url.Values{"code": {code}, "answer": {"accept"}}.Encode())
	cookie := append(browse(t, s, "bob@example.com"), shop.Header("Content-Type", "application/x-www-form-urlencoded"), shop.Header("Accept", "text/html"))
	for _, step := range []struct {
		status  int
		options []shop.Option
	}{
		{http.StatusUnauthorized, cookie[2:]}, // of nobody in particular
		{http.StatusForbidden, append(cookie[:len(cookie):len(cookie)], shop.Header("Sec-Fetch-Site", "cross-site"))},
		{http.StatusOK, cookie},
	} {
		if reply, err := s.Send(ctx, http.MethodPost, "/v1/invitations/letter", form, step.options...); err != nil || reply.Status != step.status {
			t.Errorf("want %d: %d %s, %v", step.status, reply.Status, reply.Body, err)
		}
	}
	keys := "/v1/merchants/" + merchant + "/api-keys"
	var made struct{ ID, Key string }
	body := map[string]any{"name": "till", "scopes": []string{"catalog:read"}, "expires_at": "0001-01-01T00:00:00Z"}
	if err := bob.Call(ctx, http.StatusUnprocessableEntity, http.MethodPost, keys, body, nil); err != nil {
		t.Error(err)
	}
	delete(body, "expires_at")
	if err := bob.Call(ctx, http.StatusCreated, http.MethodPost, keys, body, &made); err != nil {
		t.Fatal(err)
	}
	var left struct {
		Keys []struct{ ID string } `json:"api_keys"`
	}
	if err := bob.Call(ctx, http.StatusOK, http.MethodDelete, members+"/me", nil, &left); err != nil || len(left.Keys) != 1 || left.Keys[0].ID != made.ID {
		t.Errorf("left %+v, %v", left, err)
	}
	var listed struct {
		Data []struct {
			ID      string
			Member  bool   `json:"maker_is_member"`
			Endless bool   `json:"endless"`
			Ends    string `json:"expires_at"`
		}
	}
	if err := owner.Call(ctx, http.StatusOK, http.MethodGet, keys, nil, &listed); err != nil || len(listed.Data) != 1 || listed.Data[0].Member || listed.Data[0].Endless || listed.Data[0].Ends == "" {
		t.Errorf("%+v, %v", listed, err)
	}
}
