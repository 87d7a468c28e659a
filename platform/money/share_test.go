package money_test

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"app/platform/money"
)

// Worked out by hand, from the rules.
func TestT2_Arithmetic(t *testing.T) {
	t.Parallel()
	t.Run("Allocate", func(t *testing.T) {
		t.Parallel()
		for name, tc := range map[string]struct {
			amount        int64
			weights, want []int64
		}{
			// 100 * 1/3 = 33 and a third for each: one unit is left, all remainders are
			// equal, the first line gets it.
			"Thirds": {100, []int64{10000, 10000, 10000}, []int64{34, 33, 33}},
			// 10 * 999/2000 = 4.995, 10 * 1/2000 = 0.005, 10 * 1000/2000 = 5: the one
			// unit left goes to .995.
			"LargestRemainder": {10, []int64{999, 1, 1000}, []int64{5, 0, 5}},
			// 20.00 and 80.00 off 3 x 10.56 + 60.00 = 91.68, one after the other:
			// nothing is left of any line.
			"MoreThanThereIs": {10000, []int64{3168, 6000}, []int64{3168, 6000}},
			// 20.00 of 91.68: 2000 * 3168/9168 = 691.099..., 2000 * 6000/9168 =
			// 1308.900...
			"TwentyOff":  {2000, []int64{3168, 6000}, []int64{691, 1309}},
			"NothingOff": {0, []int64{5, 7}, []int64{0, 0}},
			"FreeLines":  {5, []int64{0, 0, 5}, []int64{0, 0, 5}},
			"NoLines":    {5, nil, nil},
			// 1 of 3 yen: the largest weight has the largest remainder.
			"Yen": {1, []int64{1, 2}, []int64{0, 1}},
		} {
			got, err := money.Allocate(tc.amount, tc.weights)
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("%s: %v, %v, want %v", name, got, err, tc.want)
			}
		}
	})
	t.Run("Taxes", func(t *testing.T) {
		t.Parallel()
		for name, tc := range map[string]struct {
			tax         func(int64, int64) (int64, error)
			amount, ppm int64
			want        int64
		}{
			// 10 x 38.23 with 20 % in it: 382.30 * 0.2/1.2 = 63.7166...
			"Included":         {money.Included, 38230, 200_000, 6372},
			"IncludedNineteen": {money.Included, 11900, 190_000, 1900},
			// 3 x 70.00 - 5.00 = 205.00 net, 20 %: 41.00 on the whole.
			"AddedTotal": {money.Added, 20500, 200_000, 4100},
			// 8.875 % of 0.04 is 0.00355; of 0.06 it is 0.005325, which rounds up.
			"NewYorkDown": {money.Added, 4, 88_750, 0},
			"NewYorkUp":   {money.Added, 6, 88_750, 1},
			// Half a unit goes away from zero: 10 % of 5 is 0.5; 110 has 10 in it, 11
			// has 1.
			"Half":         {money.Added, 5, 100_000, 1},
			"HalfIncluded": {money.Included, 3, 200_000, 1}, // 3 * 0.2/1.2 = 0.5
			"Yen":          {money.Included, 1080, 80_000, 80},
			"Dinar":        {money.Added, 1234, 50_000, 62}, // 1.234 KWD at 5 %: 0.0617
			"NoTax":        {money.Included, 1990, 0, 0},
			"Everything":   {money.Included, 200, 1_000_000, 100},
		} {
			if got, err := tc.tax(tc.amount, tc.ppm); err != nil || got != tc.want {
				t.Errorf("%s: %d, %v, want %d", name, got, err, tc.want)
			}
		}
	})
	t.Run("LinesOfOneDiscount", func(t *testing.T) {
		t.Parallel()
		// 5.00 off 3 x 70.00, spread: 1.67, 1.67, 1.66. Taxed line by line 68.33 * 0.2
		// = 13.666, twice, and 68.34 * 0.2 = 13.668: 13.67 each, 41.01 together, where
		// the total taxed at once is 41.00.
		off, err := money.Allocate(500, []int64{7000, 7000, 7000})
		if err != nil || !slices.Equal(off, []int64{167, 167, 166}) {
			t.Fatalf("%v, %v", off, err)
		}
		sum := int64(0)
		for _, o := range off {
			tax, err := money.Added(7000-o, 200_000)
			if err != nil {
				t.Fatal(err)
			}
			sum += tax
		}
		if sum != 4101 {
			t.Errorf("by line the tax is %d", sum)
		}
	})
	t.Run("Prefix", func(t *testing.T) {
		t.Parallel()
		// 10.00 for three units: 3.33, then 3.33, then 3.34.
		for k, want := range []int64{0, 333, 666, 1000} {
			if got := money.Prefix(1000, int64(k), 3); got != want {
				t.Errorf("the first %d: %d, want %d", k, got, want)
			}
		}
	})
}

// All four against integers of any size.
func TestT1_Allocate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(0, money.Max)), 0, 200).Draw(t, "weights")
		amount := rapid.OneOf(rapid.Int64Range(0, 20), rapid.Int64Range(0, math.MaxInt64)).Draw(t, "amount")
		parts, err := money.Allocate(amount, weights)
		if err != nil {
			t.Fatal(err)
		}
		total, whole := new(big.Int), new(big.Int)
		for i, w := range weights {
			whole.Add(whole, big.NewInt(w))
			total.Add(total, big.NewInt(parts[i]))
			if parts[i] < 0 || parts[i] > w {
				t.Fatalf("part %d of %d", parts[i], w)
			}
		}
		want := big.NewInt(amount)
		if want.Cmp(whole) > 0 {
			want = whole
		}
		if total.Cmp(want) != 0 {
			t.Fatalf("the parts come to %s, want %s", total, want)
		}
		if whole.Sign() == 0 {
			return
		}
		for i, w := range weights { // within one unit of the exact share
			share := new(big.Int).Mul(want, big.NewInt(w))
			low, rest := share.QuoRem(share, whole, new(big.Int))
			if off := parts[i] - low.Int64(); off < 0 || off > 1 || off == 1 && rest.Sign() == 0 {
				t.Fatalf("part %d is %d, its share %s and %s parts of %s", i, parts[i], low, rest, whole)
			}
			for j := range i { // equal lines get equal parts, the earlier the larger
				if weights[j] == w && parts[j] < parts[i] {
					t.Fatalf("line %d has %d and line %d of the same weight %d", j, parts[j], i, parts[i])
				}
			}
		}
	})
}

// However a line comes back, in whatever steps, all of it is the total.
func TestT1_Prefix(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 10_000).Draw(t, "units")
		total := rapid.Int64Range(0, math.MaxInt64).Draw(t, "total")
		back, units := int64(0), int64(0)
		for units < n {
			step := rapid.Int64Range(1, n-units).Draw(t, "step")
			part := money.Prefix(total, units+step, n) - money.Prefix(total, units, n)
			exact := new(big.Int).Div(new(big.Int).Mul(big.NewInt(total), big.NewInt(step)), big.NewInt(n)).Int64()
			if off := part - exact; off < 0 || off > 1 {
				t.Fatalf("%d of %d units come to %d, exactly %d", step, n, part, exact)
			}
			back, units = back+part, units+step
		}
		if back != total {
			t.Fatalf("%d of %d came back", back, total)
		}
	})
}

func TestT1_Taxes(t *testing.T) {
	t.Parallel()
	// twice is 2 * a * b / c rounded down, so that half a unit can be told.
	half := func(a, b, c int64) *big.Int {
		product := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
		product.Mul(product, big.NewInt(2)).Add(product, big.NewInt(c))
		return product.Div(product, new(big.Int).Mul(big.NewInt(2), big.NewInt(c)))
	}
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.OneOf(rapid.Int64Range(0, 1000), rapid.Int64Range(0, math.MaxInt64)).Draw(t, "amount")
		ppm := rapid.OneOf(rapid.Int64Range(0, money.PPM), rapid.Int64Range(0, 100*money.PPM)).Draw(t, "ppm")
		for name, tc := range map[string]struct {
			tax  func(int64, int64) (int64, error)
			want *big.Int
		}{"Added": {money.Added, half(amount, ppm, money.PPM)}, "Included": {money.Included, half(amount, ppm, money.PPM+ppm)}} {
			got, err := tc.tax(amount, ppm)
			switch {
			case !tc.want.IsInt64():
				if !errors.Is(err, money.ErrOverflow) {
					t.Fatalf("%s of %d at %d: %d, %v, want %s", name, amount, ppm, got, err, tc.want)
				}
			case err != nil || got != tc.want.Int64():
				t.Fatalf("%s of %d at %d: %d, %v, want %s", name, amount, ppm, got, err, tc.want)
			}
		}
		if tax, err := money.Included(amount, ppm); err != nil || tax > amount {
			t.Fatalf("%d of %d is tax, %v", tax, amount, err)
		}
	})
}

func TestSharesRefuse(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"NegativeAmount": second(money.Allocate(-1, []int64{1})),
		"NegativeWeight": second(money.Allocate(1, []int64{2, -1})),
		"Overflow":       second(money.Allocate(1, []int64{math.MaxInt64, 1})),
		"NegativeNet":    second(money.Added(-1, 1)),
		"NegativeRate":   second(money.Included(1, -1)),
		"TaxTooLarge":    second(money.Added(math.MaxInt64, 2*money.PPM)),
		"RateTooLarge":   second(money.Included(1, math.MaxInt64)),
	} {
		if !errors.Is(err, money.ErrOverflow) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, prefix := range map[string][3]int64{"More": {1, 3, 2}, "Of none": {1, 0, 0}, "Negative": {-1, 1, 2}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			money.Prefix(prefix[0], prefix[1], prefix[2])
		}()
	}
}

func second[T any](_ T, err error) error { return err }
