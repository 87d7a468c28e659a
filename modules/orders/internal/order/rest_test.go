package order_test

import (
	"net/http"
	"strings"
	"testing"

	"app/modules/orders/internal/orderstest"
	"app/platform/operation/operationtest"
)

type orderList struct {
	Data []struct {
		ID            string `json:"id"`
		Lines         []any  `json:"lines"`
		Total         amount `json:"total"`
		MerchantTotal amount `json:"merchant_total"`
	} `json:"data"`
	HasMore bool   `json:"has_more"`
	Next    string `json:"next"`
}

type amount struct {
	Amount int64 `json:"amount"`
}

func TestOrdersArePaged(t *testing.T) {
	t.Parallel()
	a := orderstest.NewAPI(t)
	var want []string
	for range 5 {
		order, _ := a.Order(orderstest.Ada, orderstest.Chair, orderstest.Table)
		want = append([]string{strings.TrimPrefix(order, "/v1/orders/")}, want...)
	}
	a.Order(orderstest.MemberA, orderstest.Chair) // another's
	for _, list := range []struct{ user, query string }{{orderstest.Ada, ""}, {orderstest.MemberB, "&merchant_id=" + orderstest.MerchantB}} {
		var got []string
		for after, pages := "", 0; ; pages++ {
			page := operationtest.Read[orderList](t, a.Must(http.StatusOK, list.user, "GET", "/v1/orders?limit=2"+list.query+after, ""))
			for _, o := range page.Data {
				got = append(got, o.ID)
			}
			if !page.HasMore {
				if len(page.Data) != 1 || page.Next != "" || pages != 2 {
					t.Errorf("the last page is number %d: %+v", pages, page)
				}
				break
			}
			after = "&after=" + page.Next
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s lists %v, want newest first %v", list.user, got, want)
		}
	}
	for query, pointer := range map[string]string{"limit=0": "/limit", "limit=101": "/limit", "after=no": "/after", "after=WyJ4IiwieSJd": "/after", "colour=red": "/colour"} {
		operationtest.WantProblem(t, a.Call(orderstest.Ada, "GET", "/v1/orders?"+query, ""), http.StatusUnprocessableEntity, "validation_failed", pointer)
	}
	operationtest.WantProblem(t, a.Call(orderstest.Nobody, "GET", "/v1/orders", ""), http.StatusUnauthorized, "unauthenticated")
	if empty := a.Must(http.StatusOK, "usr_new", "GET", "/v1/orders", ""); strings.TrimSpace(empty.Body) != `{"data":[],"has_more":false}` {
		t.Errorf("no orders: %s", empty.Body)
	}
}

func TestMerchantsSeeTheirPart(t *testing.T) {
	t.Parallel()
	a := orderstest.NewAPI(t)
	order, _ := a.Order(orderstest.Ada, orderstest.Chair, orderstest.Table)
	for user, want := range map[string]struct {
		merchant string
		sum      int64
	}{orderstest.MemberA: {orderstest.MerchantA, 1990}, orderstest.MemberB: {orderstest.MerchantB, 5000}} {
		page := operationtest.Read[orderList](t, a.Must(http.StatusOK, user, "GET", "/v1/orders?merchant_id="+want.merchant, ""))
		if len(page.Data) != 1 || len(page.Data[0].Lines) != 1 || page.Data[0].Total.Amount != want.sum || page.Data[0].MerchantTotal.Amount != want.sum {
			t.Errorf("%s lists %+v", user, page)
		}
		one := a.Must(http.StatusOK, user, "GET", order, "").Body
		if !strings.Contains(one, want.merchant) || strings.Contains(one, map[string]string{orderstest.MemberA: orderstest.MerchantB, orderstest.MemberB: orderstest.MerchantA}[user]) {
			t.Errorf("%s sees %s", user, one)
		}
	}
	if whole := a.Must(http.StatusOK, orderstest.Root, "GET", order, "").Body; !strings.Contains(whole, orderstest.MerchantA) || !strings.Contains(whole, orderstest.MerchantB) {
		t.Errorf("an administrator sees %s", whole)
	}
}

func TestFailure18_ForeignMerchantIsNotFound(t *testing.T) {
	t.Parallel()
	a := orderstest.NewAPI(t)
	order, _ := a.Order(orderstest.Ada, orderstest.Chair) // of merchant A only
	for _, stranger := range []string{orderstest.MemberB, "usr_eve", orderstest.Nobody} {
		operationtest.WantProblem(t, a.Call(stranger, "GET", order, ""), http.StatusNotFound, "order_not_found")
		operationtest.WantProblem(t, a.Call(stranger, "POST", order+"/cancel", ""), http.StatusNotFound, "order_not_found")
	}
	for _, merchant := range []string{orderstest.MerchantA, "mrc_00000000000000000000000000", "1"} {
		operationtest.WantProblem(t, a.Call(orderstest.MemberB, "GET", "/v1/orders?merchant_id="+merchant, ""), http.StatusNotFound, "merchant_not_found")
	}
	operationtest.WantProblem(t, a.Call(orderstest.MemberA, "POST", order+"/cancel", ""), http.StatusForbidden, "role_too_low")
	operationtest.WantProblem(t, a.Call(orderstest.Ada, "GET", "/v1/orders/1", ""), http.StatusNotFound, "order_not_found")
}

func TestCancelOnTheWire(t *testing.T) {
	t.Parallel()
	a := orderstest.NewAPI(t)
	order, token := a.Order(orderstest.Nobody, orderstest.Chair)
	operationtest.WantProblem(t, a.Call(orderstest.Nobody, "POST", order+"/cancel", ""), http.StatusNotFound, "order_not_found")
	type status struct {
		Status   string `json:"status"`
		Timeline []struct {
			Event  string `json:"event"`
			Reason string `json:"reason"`
			Detail string `json:"detail"`
		} `json:"timeline"`
	}
	for range 2 {
		got := operationtest.Read[status](t, a.Must(http.StatusOK, orderstest.Nobody, "POST", order+"/cancel", "", token))
		if got.Status != "cancelled" || len(got.Timeline) != 2 || got.Timeline[1].Event != "cancelled" ||
			got.Timeline[1].Reason != "by_buyer" || got.Timeline[1].Detail != "by the buyer" {
			t.Errorf("cancelled: %+v", got)
		}
	}
}
