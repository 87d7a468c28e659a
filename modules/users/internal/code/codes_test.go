package code_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"app/modules/users/internal/userstest"
	"app/platform/callctx"
	"app/platform/fault"
)

func TestFailure24_LettersPerDay(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	one, letters := 0, 0
	for hour := range 24 {
		for range userstest.Limits().LettersPerHour + 1 {
			_, told := w.Ask(context.Background(), userstest.Ada)
			one += len(told)
			_, told = w.Ask(userstest.From(fmt.Sprintf("%d.51.100.0/24", hour+1)), userstest.Ada)
			letters += len(told)
		}
		w.Clock.Pass(58 * time.Minute)
	}
	if want := userstest.Limits().LettersPerHour; one > want+1 || one == 0 {
		t.Errorf("%d e-mails in a day to one network, want no more than %d and the first", one, want)
	}
	if letters += one; letters > 3*userstest.Limits().LettersPerHour || letters < 2*userstest.Limits().LettersPerHour {
		t.Errorf("%d e-mails in a day, want no more than %d", letters, 3*userstest.Limits().LettersPerHour)
	}
}

func TestRequestRepeatedWithItsKey(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	w.SignUp(userstest.Ada, userstest.Secret)
	ctx := callctx.WithIdempotency(context.Background(), callctx.Idempotency{Key: "k", At: userstest.Moment})
	first, err1 := w.SignIns.RequestCode(ctx, userstest.Ada)
	events := len(w.Emitted())
	again, err2 := w.SignIns.RequestCode(ctx, userstest.Ada)
	if err1 != nil || err2 != nil || first != again || len(w.Emitted()) != events {
		t.Errorf("%s, %v then %s, %v", first, err1, again, err2)
	}
}

func TestRequestOfNoAddress(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	for _, email := range []string{"", "ada", "ada@", "ada@x"} {
		_, err := w.Credentials.RequestReset(context.Background(), email)
		userstest.Wants(t, err, fault.InvalidArgument, "validation_failed")
	}
}

// Links come from the configuration alone.
func TestFailure27_LinksInLetters(t *testing.T) {
	t.Parallel()
	w := userstest.NewWorld(t)
	_, told := w.Register(userstest.NewForm("a.b+c@example.com", userstest.Secret))
	link := userstest.Issued(t, told).GetLink()
	if !strings.HasPrefix(link, userstest.Home+"/v1/auth/letter?purpose=verify_address&request=cod_") || !strings.HasSuffix(link, "&email=a.b%2Bc%40example.com") {
		t.Errorf("verify: %s", link)
	}
	w.SignUp(userstest.Ada, userstest.Secret)
	request, told := w.Ask(context.Background(), userstest.Ada)
	if got, want := userstest.Issued(t, told).GetLink(), userstest.Home+"/v1/auth/letter?purpose=sign_in&request="+request+"#code="+userstest.Issued(t, told).GetCode(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
