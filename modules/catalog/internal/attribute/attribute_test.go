package attribute_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"app/modules/catalog/internal/attribute"
	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/fault"
	"app/platform/identity"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// A field that a form leaves out would be lost, and fails here.
func TestFormsHaveEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, attribute.RowOf, attribute.OfRow)
	dbtest.RoundTrip(t, attribute.OfRow, attribute.RowOf)
	dbtest.WantFilled(t, attribute.ValueRowOf("prd", dbtest.Filled[attribute.Value](t)))
	dbtest.WantFilled(t, attribute.Render(dbtest.Filled[attribute.Attribute](t)))
	dbtest.WantFilled(t, attribute.DraftOf(dbtest.Filled[attribute.CreateBody](t)))
	change := attribute.ChangeOf(dbtest.Filled[attribute.ChangeBody](t))
	for kind, except := range map[attribute.Kind]string{attribute.KindNumber: "Choices", attribute.KindChoice: "Unit"} {
		only, none := change, ""
		if only.Choices = nil; kind == attribute.KindChoice {
			only.Choices, only.Unit = change.Choices, &none
		}
		changed, err := only.ApplyTo(attribute.Attribute{Code: "c", Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		dbtest.WantFilled(t, changed, "ID", "MerchantID", "Version", "CreatedAt", except)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		kind      attribute.Kind
		sent      string
		json      string // empty: refused
		number    int64
		inColumns string
	}{
		{attribute.KindText, `" solid oak "`, `"solid oak"`, 0, "solid oak"},
		{attribute.KindText, `"<b> & \"ü\""`, `"<b> & \"ü\""`, 0, `<b> & "ü"`},
		{attribute.KindText, `""`, "", 0, ""}, {attribute.KindText, `7`, "", 0, ""}, {attribute.KindText, `null`, "", 0, ""},
		{attribute.KindText, `"` + strings.Repeat("a", 501) + `"`, "", 0, ""}, {attribute.KindText, `"a\nb"`, "", 0, ""},
		{attribute.KindChoice, `"red"`, `"red"`, 0, "red"}, {attribute.KindChoice, `"Red"`, "", 0, ""}, {attribute.KindChoice, `true`, "", 0, ""},
		{attribute.KindBool, `true`, `true`, 1, ""}, {attribute.KindBool, `false`, `false`, 0, ""}, {attribute.KindBool, `"true"`, "", 0, ""}, {attribute.KindBool, `1`, "", 0, ""},
		{attribute.KindNumber, `12.50`, `12.5`, 12_500_000, ""}, {attribute.KindNumber, `-0.000001`, `-0.000001`, -1, ""}, {attribute.KindNumber, `0`, `0`, 0, ""},
		{attribute.KindNumber, `999999999999.999999`, `999999999999.999999`, 999_999_999_999_999_999, ""}, {attribute.KindNumber, `1.0000000`, `1`, 1_000_000, ""},
		{attribute.KindNumber, `1000000000000`, "", 0, ""}, {attribute.KindNumber, `0.0000001`, "", 0, ""}, {attribute.KindNumber, `1e3`, "", 0, ""}, {attribute.KindNumber, `"1"`, "", 0, ""},
	} {
		a := attribute.Attribute{ID: "att", Kind: tc.kind, Choices: []string{"red", "blue"}}
		got, err := a.ParseValue(tc.sent)
		if tc.json == "" {
			if err == nil {
				t.Errorf("%s %s is accepted as %+v", tc.kind, tc.sent, got)
			}
			continue
		}
		if diff := cmp.Diff(attribute.Value{AttributeID: "att", Text: tc.inColumns, Number: tc.number, JSON: tc.json}, got); diff != "" || err != nil {
			t.Errorf("%s %s: %v\n%s", tc.kind, tc.sent, err, diff)
		}
	}
}

// Every number in millionths is read as it is shown.
func TestNumbersAreReadAsShown(t *testing.T) {
	t.Parallel()
	const most = 999_999_999_999_999_999
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(-most, most).Draw(t, "millionths")
		if back, err := attribute.ParseNumber(attribute.FormatNumber(n)); back != n || err != nil {
			t.Errorf("%d is shown as %s and read as %d, %v", n, attribute.FormatNumber(n), back, err)
		}
	})
}

// The schema holds what the code checks, on both engines.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		insert := func(id, merchantID string, kind attribute.Kind) error {
			a := attribute.Attribute{ID: id, MerchantID: merchantID, Code: "material", Kind: kind, CreatedAt: catalogtest.Start}
			return db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error { return attribute.Insert(ctx, tx, a) })
		}
		if err := errors.Join(insert("1", "", attribute.KindText), insert("2", "m", attribute.KindChoice)); err != nil {
			t.Fatal(err)
		}
		if err := insert("3", "m", attribute.KindBool); !errors.Is(err, database.ErrDuplicate) {
			t.Errorf("a code twice: %v", err)
		}
		if err := insert("4", "other", "colour"); !database.IsCheck(err) {
			t.Errorf("an unknown kind: %v", err)
		}
	}, migrations.Files)
}

func TestAMerchantsAttributesAreBounded(t *testing.T) {
	t.Parallel()
	s := catalogtest.Open(t)
	s.Must(s.DB.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		for i := range attribute.MaxPerOwner - 1 {
			code := fmt.Sprint("c", i)
			a := attribute.Attribute{ID: code, MerchantID: catalogtest.Merchant, Code: code, Kind: attribute.KindText, CreatedAt: catalogtest.Start}
			if err := attribute.Insert(ctx, tx, a); err != nil {
				return err
			}
		}
		return nil
	}))
	declare := func(code string) error {
		_, err := s.Facts.Create(s.Manager(), attribute.Draft{MerchantID: catalogtest.Merchant, Code: code, Name: "n", Kind: attribute.KindText})
		return err
	}
	s.Must(declare("last"))
	catalogtest.WantReason(t, declare("more"), fault.FailedPrecondition, "too_many_attributes")
}

// A choice that is being taken away is given to no product.
func TestNothingHasAChoiceThatIsTakenAway(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		root := identity.NewContext(t.Context(), identity.Principal{UserID: "usr_root", Method: identity.Bearer, Admin: true})
		for i := range 8 {
			code := fmt.Sprint("colour_", i)
			a, err := s.Facts.Create(root, attribute.Draft{Code: code, Name: "n", Kind: attribute.KindChoice, Choices: []string{"red", "blue"}})
			s.Must(err)
			p := s.Product(1)
			errs := catalogtest.Together(2, func(i int) error {
				if i == 0 {
					_, err := s.Facts.Change(root, a.ID, func(int64) error { return nil }, attribute.Change{Choices: &[]string{"blue"}})
					return err
				}
				_, err := s.Facts.Assign(s.Manager(), attribute.Assignment{ProductID: p, Values: map[string]json.RawMessage{code: json.RawMessage(`"red"`)}})
				return err
			})
			if taken, given := errs[0] == nil, errs[1] == nil; taken == given {
				t.Errorf("taken away: %v, given: %v", errs[0], errs[1])
			}
		}
	})
}
