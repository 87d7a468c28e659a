package money

import (
	"cmp"
	"math/bits"
	"slices"
)

// PPM is the whole of which tax rates and percentages are parts: 19 % is 190,000, 8.875 %
// is 88,750. A rate is an integer and exact.
const PPM = 1_000_000

// Allocate splits an amount over lines in proportion to their weights, in minor units and
// without a rest.
//
//  1. A part is the exact share, rounded down.
//  2. The units that are left go one each to the largest remainders; of equal ones, to
//     the line that comes first (Hamilton's method).
//  3. No part is above its weight. An amount above the sum of the weights gives each line
//     its weight, and the rest to nobody.
//
// So a discount is never more than a line costs, and the parts add up. ErrOverflow: the
// amount or a weight is negative, or the weights come to more than an int64 holds.
func Allocate(amount int64, weights []int64) ([]int64, error) {
	sum := int64(0)
	for _, w := range weights {
		if sum += w; w < 0 || sum < 0 {
			return nil, ErrOverflow
		}
	}
	if amount < 0 {
		return nil, ErrOverflow
	}
	if amount >= sum {
		return slices.Clone(weights), nil
	}
	parts, rests, left := make([]int64, len(weights)), make([]uint64, len(weights)), amount
	for i, w := range weights {
		parts[i], rests[i] = divide(amount, w, sum)
		left -= parts[i]
	}
	order := make([]int, len(weights))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rests[b], rests[a]) })
	for _, i := range order[:left] {
		parts[i]++
	}
	return parts, nil
}

// Prefix is what the first k of n units come to of a total, rounded down. What units
// k+1 to k+m come to is Prefix(total, k+m, n) - Prefix(total, k, n): however a line is
// cancelled, returned or captured, in whatever steps, all of it comes to the total. It
// panics unless 0 <= k <= n, 0 < n and 0 <= total.
func Prefix(total, k, n int64) int64 {
	if k < 0 || n <= 0 || k > n || total < 0 {
		panic("money: no prefix")
	}
	part, _ := divide(total, k, n)
	return part
}

// Added is the tax on top of a net amount at a rate in parts per million, rounded half
// away from zero. ErrOverflow: the amount or the rate is negative, or the tax is more
// than an int64 holds.
func Added(net, ppm int64) (int64, error) {
	return rounded(net, ppm, PPM)
}

// Included is the tax within a gross amount at a rate in parts per million: gross * rate
// / (1,000,000 + rate), rounded half away from zero. The gross never moves; net is what
// is left of it. ErrOverflow: the amount or the rate is negative.
func Included(gross, ppm int64) (int64, error) {
	if ppm > Max {
		return 0, ErrOverflow
	}
	return rounded(gross, ppm, PPM+ppm)
}

// rounded is a * b / c, half away from zero.
func rounded(a, b, c int64) (int64, error) {
	if a < 0 || b < 0 {
		return 0, ErrOverflow
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(c) {
		return 0, ErrOverflow
	}
	quotient, rest := bits.Div64(hi, lo, uint64(c))
	if rest >= uint64(c)-rest {
		quotient++
	}
	if int64(quotient) < 0 {
		return 0, ErrOverflow
	}
	return int64(quotient), nil
}

// divide is a * b / c, rounded down, and the remainder. The caller knows that a or b is
// at most c and none is negative, so the quotient fits.
func divide(a, b, c int64) (quotient int64, rest uint64) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, rest := bits.Div64(hi, lo, uint64(c))
	return int64(q), rest
}
