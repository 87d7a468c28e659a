package checkout

import (
	"context"
	"slices"
	"sync"
	"time"

	"app/modules/payments/paymentsv1"
)

// methods remembers which payment methods there are, so that an unknown one is refused
// before an order exists and a usual checkout costs no further call.
type methods struct {
	ask func(context.Context, *paymentsv1.MethodsRequest) (*paymentsv1.MethodsResponse, error)
	now func() time.Time

	mu    sync.Mutex
	known []string
	asked time.Time
}

// keepMethods is how long an answer of payments may be used, as its contract says.
const keepMethods = time.Minute

// isAccepted reports whether the method may be used. When payments cannot be asked it
// may: Start has the last word.
func (m *methods) isAccepted(ctx context.Context, method string) bool {
	if method == "" || len(method) > 64 {
		return false
	}
	if m.isCached(method) {
		return true
	}
	answer, err := m.ask(ctx, &paymentsv1.MethodsRequest{})
	if err != nil {
		return true
	}
	m.mu.Lock()
	m.known, m.asked = answer.GetMethods(), m.now()
	m.mu.Unlock()
	return slices.Contains(answer.GetMethods(), method)
}

func (m *methods) isCached(method string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now().Sub(m.asked) < keepMethods && slices.Contains(m.known, method)
}
