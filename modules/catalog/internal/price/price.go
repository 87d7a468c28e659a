// Package price remembers what products cost before, so that a reduction can be
// announced as the law wants it.
package price

import (
	"strings"
	"time"

	"app/platform/money"
)

// Before is how long before a reduction the lowest price has to be named: article 6a of
// Directive 98/6/EC, in the words of Directive (EU) 2019/2161.
const Before = 30 * 24 * time.Hour

// Former is a price that a product had from one time until another.
type Former struct {
	ProductID string
	Price     money.Money
	From, To  time.Time
}

// variantOf is what the history knows the one variant of a product by.
func variantOf(productID string) string { return "var_" + strings.TrimPrefix(productID, "prd_") }

// productOf is the product of variantOf.
func productOf(variantID string) string { return "prd_" + strings.TrimPrefix(variantID, "var_") }
