package template

// catalogue says what there is to write and what each e-mail needs.
var catalogue = []Template{
	{Name: "verify_address", Variables: code, Security: true, Secret: true, Counts: Whole},
	{Name: "sign_in_code", Variables: code, Security: true, Secret: true, Counts: Never},
	{Name: "recovery_code", Variables: code, Security: true, Secret: true, Counts: Never},
	{Name: "change_address_code", Variables: code, Security: true, Secret: true, Counts: Whole},
	{Name: "no_account", Variables: []Variable{{Name: "purpose", Kind: Phrase}}},
	{Name: "already_registered", Variables: greeting, Security: true},
	{Name: "password_changed", Variables: greeting, Security: true, Counts: Never},
	{Name: "address_changed", Variables: append(greeting, Variable{Name: "new_address", Kind: Text}), Security: true, Counts: Never},
	{Name: "factor_changed", Variables: append(greeting, Variable{Name: "change", Kind: Phrase}, Variable{Name: "name", Kind: Name, Optional: true}), Security: true, Counts: Never},
	{Name: "new_sign_in", Variables: append(greeting, Variable{Name: "time", Kind: Text}, Variable{Name: "program", Kind: Phrase}, Variable{Name: "system", Kind: Text, Optional: true}), Security: true, Counts: Never},
	{Name: "welcome", Variables: greeting, Counts: Never},
	{Name: "merchant_approved", Variables: append(greeting, Variable{Name: "merchant", Kind: Text}), Counts: Never},
	{Name: "merchant_invitation", Variables: []Variable{
		{Name: "merchant", Kind: Text}, {Name: "role", Kind: Phrase}, {Name: "code", Kind: Text}, {Name: "link", Kind: Link}, {Name: "until", Kind: Text},
	}, Secret: true, Counts: Half},
	{Name: "receipt", Variables: []Variable{
		{Name: "order_id", Kind: Text},
		{Name: "lines", Kind: List, Fields: []Variable{
			{Name: "title", Kind: Text}, {Name: "quantity", Kind: Text}, {Name: "price", Kind: Amount}, {Name: "total", Kind: Amount},
		}},
		{Name: "total", Kind: Amount},
	}},
	{Name: "order_cancelled", Variables: []Variable{
		{Name: "order_id", Kind: Text}, {Name: "reason", Kind: Phrase}, {Name: "total", Kind: Amount}, {Name: "was_paid", Kind: Flag},
	}},
	{Name: "refund_issued", Variables: []Variable{{Name: "order_id", Kind: Text}, {Name: "amount", Kind: Amount}, {Name: "full", Kind: Flag}}},
	{Name: "one_time_code", Variables: append(code[:3:3], Variable{Name: "merchant", Kind: Text}), Secret: true, Merchants: true, Counts: Half},
	{Name: "order_shipped", Variables: []Variable{
		{Name: "merchant", Kind: Text}, {Name: "order_id", Kind: Text}, {Name: "carrier", Kind: Text}, {Name: "tracking", Kind: Text},
	}, Merchants: true, Counts: Half},
	{Name: "merchant_message", Variables: []Variable{
		{Name: "merchant", Kind: Text}, {Name: "order_id", Kind: Text, Optional: true}, {Name: "topic", Kind: Text}, {Name: "message", Kind: Paragraphs},
	}, Merchants: true, Counts: Half},
}

// greeting and code are what many e-mails need; clipped, so that appending to them
// copies.
var (
	greeting = []Variable{{Name: "first_name", Kind: Name}}[:1:1]
	code     = []Variable{
		{Name: "first_name", Kind: Name}, {Name: "code", Kind: Text}, {Name: "minutes", Kind: Text}, {Name: "link", Kind: Link, Optional: true},
	}
)

// Sample fills any template, for previews and tests.
var Sample = map[string]any{
	"first_name": "Ada", "code": "042137", "minutes": 10, "merchant": "Analytical Engines", "order_id": "ord_01kan4v6e8fx2s1gq0vj5t3x7c",
	"lines": []map[string]any{
		{"title": "Punched cards <500>", "quantity": 2, "price": "19.90 EUR", "total": "39.80 EUR"},
		{"title": "Brass wheel & axle", "quantity": 1, "price": "5.00 EUR", "total": "5.00 EUR"},
	},
	"total": "44.80 EUR", "amount": "5.00 EUR", "reason": "by_buyer", "was_paid": true, "full": false,
	"new_address": "a…@example.com", "change": "passkey_added", "name": "Blue key", "purpose": "sign_in", "link": "https://shop.example/codes?purpose=sign_in&request=cod_1#code=042137", "time": "2026-03-01 12:00 UTC", "program": "Firefox", "system": "Linux",
	"role": "manager", "until": "2026-03-08 12:00 UTC",
	"carrier": "Penny Post", "tracking": "PP 1840", "topic": "Your question about gears", "message": "Thank you for asking.\n\nThey are made of brass.",
}
