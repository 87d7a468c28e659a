package paymentstest

import (
	"context"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/refund"
	"app/modules/payments/paymentsv1"
	"app/platform/money"
)

// Refunder asks for refunds as the users of a till with members of both merchants.
func Refunder(s *Till) func(who string, r *paymentsv1.StartRequest, amount *money.Money, merchant string) (refund.Refund, error) {
	for who, role := range map[string]merchantsv1.Role{
		MerchantA + "/usr_ann": merchantsv1.Role_ROLE_MANAGER, MerchantB + "/usr_bob": merchantsv1.Role_ROLE_OWNER,
		MerchantA + "/usr_both": merchantsv1.Role_ROLE_OWNER, MerchantB + "/usr_both": merchantsv1.Role_ROLE_MANAGER,
		MerchantA + "/usr_viewer": merchantsv1.Role_ROLE_VIEWER, MerchantA + "/usr_unproven": merchantsv1.Role_ROLE_VIEWER,
	} {
		s.Merchants[who] = role
	}
	return func(who string, r *paymentsv1.StartRequest, amount *money.Money, merchant string) (refund.Refund, error) {
		v := User(who)
		if who == "usr_unproven" { // a manager, when there is a second factor
			v.Principal = v.Principal.Withhold()
		}
		if who == "usr_root" {
			v = Root
		}
		return s.Refunds.Request(context.Background(), v, refund.Request{PaymentID: r.GetPaymentId(), Amount: amount, MerchantID: merchant, Reason: "broken"})
	}
}

// Cents is an amount in EUR.
func Cents(n int64) *money.Money { return &money.Money{Amount: n, Currency: "EUR"} }
