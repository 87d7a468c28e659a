package faults_test

import (
	"testing"

	"app/e2e/faults"
)

func TestSameAnswers(t *testing.T) {
	t.Parallel()
	entry := func(status int, code, id string) faults.Entry {
		return faults.Entry{Method: "POST", Path: "/v1/carts/crt_1/checkout", Key: "k", Status: status, Code: code, ID: id}
	}
	for name, c := range map[string]struct {
		entries []faults.Entry
		wrong   int
	}{
		"the same after failures":  {[]faults.Entry{entry(0, "", ""), entry(503, "module_down", ""), entry(201, "", "ord_1"), entry(201, "", "ord_1")}, 0},
		"another order":            {[]faults.Entry{entry(201, "", "ord_1"), entry(201, "", "ord_2")}, 1},
		"an order after a refusal": {[]faults.Entry{entry(409, "stock_short", ""), entry(201, "", "ord_1")}, 1},
		"another refusal":          {[]faults.Entry{entry(409, "stock_short", ""), entry(409, "cart_already_ordered", "")}, 1},
		"still running":            {[]faults.Entry{entry(409, "idempotency_in_flight", ""), entry(201, "", "ord_1")}, 0},
		"other requests":           {[]faults.Entry{entry(201, "", "ord_1"), {Method: "POST", Path: "/v1/carts", Key: "k", Status: 201, ID: "crt_1"}}, 0},
	} {
		if wrong := faults.SameAnswers(c.entries); len(wrong) != c.wrong {
			t.Errorf("%s: %v", name, wrong)
		}
	}
}
