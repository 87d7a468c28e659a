package ids_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"app/platform/callctx"
	"app/platform/ids"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestNewSortsByTime(t *testing.T) {
	t.Parallel()
	var made []string
	for i := range 100 {
		made = append(made, ids.New("ord", noon.Add(time.Duration(i)*time.Millisecond)))
	}
	if !slices.IsSorted(made) {
		t.Error("ids of later milliseconds do not sort later")
	}
	for _, id := range made {
		if !ids.Valid("ord", id) {
			t.Errorf("%q is not valid", id)
		}
	}
}

func TestValid(t *testing.T) {
	t.Parallel()
	good := ids.New("prd", noon)
	for name, id := range map[string]string{
		"Empty": "", "OtherKind": ids.New("ord", noon), "TooShort": good[:len(good)-1], "TooLong": good + "0",
		"UpperCase": "prd_" + strings.ToUpper(good[4:]), "LetterOutsideTheAlphabet": good[:len(good)-1] + "u",
		"Over128Bits": "prd_8" + good[5:], "Traversal": "prd_../../../../../etc/passwd00",
	} {
		if ids.Valid("prd", id) {
			t.Errorf("%s: %q passed", name, id)
		}
	}
	if !ids.Valid("prd", good) {
		t.Errorf("%q was refused", good)
	}
}

func TestForFollowsTheIdempotencyKey(t *testing.T) {
	t.Parallel()
	ctx := callctx.WithIdempotency(context.Background(), callctx.Idempotency{Key: "k", At: noon})
	first, again := ids.For(ctx, "ord", noon), ids.For(ctx, "ord", noon.Add(time.Hour))
	if first != again {
		t.Errorf("one key made %s and %s", first, again)
	}
	if other := ids.For(ctx, "ord", noon, "second"); other == first {
		t.Error("two parts made one id")
	}
	bare := context.Background()
	if one, two := ids.For(bare, "ord", noon), ids.For(bare, "ord", noon); one == two {
		t.Error("two requests without a key made one id")
	}
}

func TestEventIsUUIDv7(t *testing.T) {
	t.Parallel()
	id, err := uuid.Parse(ids.Event(noon))
	if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 {
		t.Fatalf("%v: version %d, %v", err, id.Version(), id.Variant())
	}
	if sec, _ := id.Time().UnixTime(); sec != noon.Unix() {
		t.Errorf("carries the second %d, want %d", sec, noon.Unix())
	}
}
