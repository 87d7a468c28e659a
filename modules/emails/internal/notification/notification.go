// Package notification writes the e-mails that events cause: what happened to an
// account, a merchant or an order.
package notification

import (
	"strings"
	"unicode/utf8"

	"app/modules/orders/ordersevents"
	"app/modules/users/usersevents"
	"app/platform/money"
	"app/platform/money/moneyv1"
)

// codeTemplates are the e-mails that carry a code, by what the code is for.
var codeTemplates = map[usersevents.Purpose]string{
	usersevents.Purpose_PURPOSE_VERIFY_ADDRESS: "verify_address",
	usersevents.Purpose_PURPOSE_SIGN_IN:        "sign_in_code",
	usersevents.Purpose_PURPOSE_RESET_PASSWORD: "recovery_code",
	usersevents.Purpose_PURPOSE_CHANGE_ADDRESS: "change_address_code",
}

// purposes are the purposes of codes as the phrases of the e-mails know them.
var purposes = map[usersevents.Purpose]string{
	usersevents.Purpose_PURPOSE_VERIFY_ADDRESS: "verify_address",
	usersevents.Purpose_PURPOSE_SIGN_IN:        "sign_in",
	usersevents.Purpose_PURPOSE_RESET_PASSWORD: "reset_password",
}

// credentialsChanges are the changes as the phrases of the e-mails know them.
var credentialsChanges = map[usersevents.CredentialsChange]string{
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_TOTP_ADDED:          "totp_added",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_TOTP_REMOVED:        "totp_removed",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_ADDED:       "passkey_added",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_REMOVED:     "passkey_removed",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_RECOVERY_CODES_MADE: "recovery_codes_made",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_RECOVERY_CODE_USED:  "recovery_code_used",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_IDENTITY_LINKED:     "identity_linked",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_IDENTITY_UNLINKED:   "identity_unlinked",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_MADE:          "admin_made",
	usersevents.CredentialsChange_CREDENTIALS_CHANGE_ADMIN_REMOVED:       "admin_removed",
}

// cancelReasons are the reasons as the phrases of the e-mails know them.
var cancelReasons = map[ordersevents.CancelReason]string{
	ordersevents.CancelReason_CANCEL_REASON_BY_BUYER:        "by_buyer",
	ordersevents.CancelReason_CANCEL_REASON_BY_MERCHANT:     "by_merchant",
	ordersevents.CancelReason_CANCEL_REASON_PAYMENT_FAILED:  "payment_failed",
	ordersevents.CancelReason_CANCEL_REASON_PAYMENT_TIMEOUT: "payment_timeout",
	ordersevents.CancelReason_CANCEL_REASON_STOCK_SHORT:     "stock_short",
}

func greetingData(firstName string) map[string]any { return map[string]any{"first_name": firstName} }

// receiptData fills a receipt.
func receiptData(o *ordersevents.Order) map[string]any {
	var lines []map[string]any
	for _, l := range o.GetLines() {
		lines = append(lines, map[string]any{
			"title": l.GetTitle(), "quantity": l.GetQuantity(), "price": formatMoney(l.GetPrice()), "total": formatMoney(l.GetTotal()),
		})
	}
	return map[string]any{"order_id": o.GetId(), "lines": lines, "total": formatMoney(o.GetTotal())}
}

func formatMoney(m *moneyv1.Money) string {
	return money.Money{Amount: m.GetAmount(), Currency: m.GetCurrency()}.String()
}

// maskAddress shows the first character of an address and its domain.
func maskAddress(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	_, size := utf8.DecodeRuneInString(local)
	return local[:size] + "…@" + domain
}
