package callctx_test

import (
	"strings"
	"testing"

	"app/platform/callctx"
)

func TestLocale(t *testing.T) {
	t.Parallel()
	for accepts, want := range map[string]string{
		"": "", "*": "", "de": "de", "de-AT,de;q=0.9,en;q=0.8": "de-AT", "en;q=0.5, fr": "fr", "EN_us": "en-US", "zh-hant-tw": "zh-Hant-TW",
		"nonsense!": "", "de;q=x": "", "en,\r\nX: y": "", strings.Repeat("de,", 100): "", "de-x-" + strings.Repeat("abcdefgh-", 6) + "a": "",
	} {
		if got := (callctx.Client{Accepts: accepts}).Locale(); got != want {
			t.Errorf("%q: %q, want %q", accepts, got, want)
		}
	}
}
