package passwords_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"app/modules/users/internal/passwords"
	"app/platform/fault"
)

func TestWeakness(t *testing.T) {
	t.Parallel()
	const email = "grace.hopper@example.com"
	shop := passwords.ShopWords("https://www.lovelace-engines.example:8443", []string{"Babbage & Sons 1840", "Ω"})
	for name, tc := range map[string]struct {
		password string
		want     string // part of the sentence, empty: accepted
	}{
		"OK":                {"Correct-Horse-9", ""},
		"OKSpaces":          {"Four small W0rds here", ""},
		"OKOtherScripts":    {"Ωμέγα-Зима-7x", ""},
		"OKAtMost256Bytes":  {"aB3$" + strings.Repeat("xyzw", 63), ""},
		"OKEightCharacters": {"tRu7k!nz", ""},
		"Empty":             {"", "at least 8"},
		"SevenCharacters":   {"tRu7k!n", "at least 8"},
		"RunesNotBytes":     {"äÖ7!éß", "at least 8"},
		"257Bytes":          {"aB3$" + strings.Repeat("x", 253), "at most 256"},
		"NotUTF8":           {"aB3$\xff\xfeabcdef", "not text"},
		"NoUpperCase":       {"correct-horse-9", "upper and a lower"},
		"NoLowerCase":       {"CORRECT-HORSE-9", "upper and a lower"},
		"NoDigit":           {"Correct-Horse-Nine", "upper and a lower"},
		"NoSpecial":         {"CorrectHorse9", "upper and a lower"},
		"Common":            {"Password1!", "commonest"},
		"CommonReplaced":    {"P@ssw0rd", "commonest"},
		"CommonSurrounded":  {"#2024Summer!!", "commonest"},
		"CommonDollars":     {"Pa$$w0rd99", "commonest"},
		"CommonWalk":        {"1qaz@WSX", "commonest"},
		"CommonExclamation": {"Adm!n2024", "commonest"},
		"CommonTwice":       {"Dragon1!Dragon1!", "commonest"},
		"CommonOneLetter":   {"Aaaaaaa1!", "commonest"},
		"CommonQwerty":      {"Qwerty123!", "commonest"},
		"CommonWelcome":     {"Welcome@1", "commonest"},
		"OwnAddress":        {"Grace.Hopper@example.com1", ""},
		"OwnName":           {"Grace.Hopper1", "e-mail address"},
		"ShopHost":          {"Lovelace-2026!", "names of the shop"},
		"ShopHostReplaced":  {"L0vel@ce#Eng1nes26", "names of the shop"},
		"ShopBrand":         {"2026!babbageSONS", "names of the shop"},
		"OKShopAndMore":     {"Babbage-Correct-9", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := passwords.Policy{Shop: shop}.Weakness(tc.password, email)
			if err != nil || tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// cheap makes hashes that cost nothing.
var cheap = passwords.Params{Memory: 8, Time: 1, Threads: 1}

func TestHasher(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	h := passwords.NewHasher(cheap, nil)
	stored, err := h.Hash(ctx, "Correct-Horse-9")
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.Hash(ctx, "Correct-Horse-9")
	if err != nil || stored == again {
		t.Errorf("two hashes of one password: %q, %q, %v", stored, again, err)
	}
	legacy, err := bcrypt.GenerateFromPassword([]byte("Correct-Horse-9"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	dearer, err := passwords.NewHasher(passwords.Params{Memory: 16, Time: 1, Threads: 1}, nil).Hash(ctx, "Correct-Horse-9")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		stored, password string
		want             passwords.Verdict
	}{
		"Match":             {stored, "Correct-Horse-9", passwords.Verdict{Match: true}},
		"Wrong":             {stored, "Correct-Horse-8", passwords.Verdict{}},
		"WrongCase":         {stored, "correct-horse-9", passwords.Verdict{}},
		"EmptyPassword":     {stored, "", passwords.Verdict{}},
		"Nobody":            {"", "Correct-Horse-9", passwords.Verdict{}},
		"NobodyAndEmpty":    {"", "", passwords.Verdict{}},
		"Damaged":           {stored[:len(stored)-30], "Correct-Horse-9", passwords.Verdict{}},
		"OtherCost":         {dearer, "Correct-Horse-9", passwords.Verdict{Match: true, Outdated: true}},
		"OtherCostWrong":    {dearer, "x", passwords.Verdict{}},
		"BcryptMatch":       {string(legacy), "Correct-Horse-9", passwords.Verdict{Match: true, Outdated: true}},
		"BcryptWrong":       {string(legacy), "Correct-Horse-8", passwords.Verdict{}},
		"BcryptEmpty":       {string(legacy), "", passwords.Verdict{}},
		"TooMuchMemory":     {"$argon2id$v=19$m=999999999,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "x", passwords.Verdict{}},
		"ZeroLanes":         {"$argon2id$v=19$m=8,t=1,p=0$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "x", passwords.Verdict{}},
		"EmptySum":          {"$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$", "x", passwords.Verdict{}},
		"OtherVariety":      {strings.Replace(stored, "argon2id", "argon2i", 1), "Correct-Horse-9", passwords.Verdict{}},
		"PasswordOf256More": {stored, strings.Repeat("x", 5000), passwords.Verdict{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := passwords.NewHasher(cheap, nil)
			got, err := h.Check(ctx, tc.stored, tc.password)
			if err != nil || got != tc.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tc.want)
			}
			if h.Operations() != 1 {
				t.Errorf("%d hashes, want 1", h.Operations())
			}
		})
	}
}

func TestRecommendedForm(t *testing.T) {
	t.Parallel()
	stored, err := passwords.NewHasher(passwords.Recommended, nil).Hash(context.Background(), "Correct-Horse-9")
	if err != nil || !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got %q, %v", stored, err)
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	h := passwords.NewHasher(passwords.Params{Memory: 4096, Time: 1, Threads: 1}, nil)
	var wg sync.WaitGroup
	results := make(chan error, 1000)
	for range cap(results) {
		wg.Go(func() {
			_, err := h.Hash(context.Background(), "x")
			results <- err
		})
	}
	wg.Wait()
	close(results)
	served, busy := 0, 0
	for err := range results {
		var verdict *fault.Error
		switch {
		case err == nil:
			served++
		case errors.As(err, &verdict) && verdict.Code == fault.Unavailable && verdict.RetryAfter > 0:
			busy++
		default:
			t.Fatal(err)
		}
	}
	if served < 64 || int64(served) != h.Operations() {
		t.Errorf("%d served with %d hashes, %d turned away", served, h.Operations(), busy)
	}
}

func TestWaiterWhoLeavesIsNotServed(t *testing.T) {
	t.Parallel()
	h := passwords.NewHasher(cheap, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 50 { // a free slot may be taken all the same; what matters is that none is lost
		_, _ = h.Hash(ctx, "x")
	}
	if _, err := h.Hash(context.Background(), "x"); err != nil {
		t.Error(err)
	}
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var quiet atomic.Int32
		h := passwords.NewHasher(cheap, func() { quiet.Add(1) })
		pass := func(d time.Duration, want int32) {
			t.Helper()
			<-time.After(d)
			synctest.Wait()
			if got := quiet.Load(); got != want {
				t.Errorf("called %d times, want %d", got, want)
			}
		}
		pass(time.Hour, 0) // nothing was hashed yet
		for range 3 {
			if _, err := h.Hash(t.Context(), "x"); err != nil {
				t.Fatal(err)
			}
			pass(4*time.Second, 0)
		}
		pass(time.Second, 1)
		pass(time.Hour, 1)
	})
}

func TestShopWords(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][]string{
		"http://127.0.0.1:8080": {"souk"}, "http://[::1]": {"souk"}, "": {"souk"}, "http://localhost:8080": {"souk", "localhost"},
		"https://www.acme2.co.uk": {"souk", "acme"}, "https://shop.example.com": {"souk", "shop", "example"},
	} {
		if diff := cmp.Diff(want, passwords.ShopWords(address, nil)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", address, diff)
		}
	}
}
