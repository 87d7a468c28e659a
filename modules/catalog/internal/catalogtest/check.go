package catalogtest

import (
	"context"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
)

// Count is on_hand, held and sold.
type Count struct{ OnHand, Held, Sold int64 }

// WantStock compares the stock of a product, and all stock with the journal and with
// the holds.
func (s *Shop) WantStock(productID string, want Count) {
	s.T.Helper()
	now, err := s.Stock.ByProduct(s.Manager(), productID)
	if got := (Count{now.OnHand, now.Held, now.Sold}); err != nil || got != want {
		s.T.Errorf("stock is %+v (%v), want %+v", got, err, want)
	}
	s.MustAddUp()
}

// MustAddUp compares every stock row with the journal and with the holds.
func (s *Shop) MustAddUp() {
	s.T.Helper()
	for rule, query := range map[string]string{
		"on_hand is what was received and corrected": `SELECT s.product_id FROM catalog_stock s WHERE s.on_hand <> (SELECT COALESCE(SUM(m.delta), 0)
			FROM catalog_movements m WHERE m.product_id = s.product_id AND m.kind IN ('received', 'corrected'))`,
		"sold is what was sold and not returned": `SELECT s.product_id FROM catalog_stock s WHERE -s.sold <> (SELECT COALESCE(SUM(m.delta), 0)
			FROM catalog_movements m WHERE m.product_id = s.product_id AND m.kind IN ('sold', 'returned'))`,
		"held is what holds hold":                  linesDiffer("held", "held"),
		"sold is what holds sold":                  linesDiffer("sold", "sold"),
		"held_guests is what holds of guests hold": guestsDiffer,
		"nothing is promised twice":                `SELECT s.product_id FROM catalog_stock s WHERE s.held < 0 OR s.sold < 0 OR s.held + s.sold > s.on_hand`,
	} {
		if broken := s.Column(query); len(broken) > 0 {
			s.T.Errorf("%s: not so for %v", rule, broken)
		}
	}
}

// MustHoldForGuests compares held_guests with the holds of guests.
func (s *Shop) MustHoldForGuests(t interface{ Errorf(string, ...any) }) {
	if broken := s.Column(guestsDiffer); len(broken) > 0 {
		t.Errorf("held_guests is not what is held for guests of %v", broken)
	}
}

const guestsDiffer = `SELECT s.product_id FROM catalog_stock s WHERE s.held_guests <> (SELECT COALESCE(SUM(l.quantity), 0)
	FROM catalog_hold_lines l JOIN catalog_holds h ON h.order_id = l.order_id
	WHERE l.product_id = s.product_id AND h.state = 'held' AND l.guest = 1)`

func linesDiffer(column, state string) string {
	return fmt.Sprintf(`SELECT s.product_id FROM catalog_stock s WHERE s.%s <> (SELECT COALESCE(SUM(l.quantity), 0)
		FROM catalog_hold_lines l JOIN catalog_holds h ON h.order_id = l.order_id
		WHERE l.product_id = s.product_id AND h.state = '%s')`, column, state)
}

// Emitted lists the aggregates about which events of the type were emitted.
func (s *Shop) Emitted(m proto.Message) []string {
	s.T.Helper()
	return s.Column(`SELECT aggregate_id FROM events_outbox WHERE type = ?`, events.TypeOf(m))
}

// Column reads the one column of a query.
func (s *Shop) Column(query string, args ...any) (out []string) {
	s.T.Helper()
	s.Must(s.DB.Read(s.T.Context(), func(ctx context.Context, q *database.Tx) error {
		rows, err := q.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			out = append(out, text)
		}
		return rows.Err()
	}))
	return out
}

// Exec runs a statement.
func (s *Shop) Exec(query string, args ...any) {
	s.T.Helper()
	s.Must(s.DB.Write(s.T.Context(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	}))
}

// WantReason checks a refusal and returns its first detail.
func WantReason(t testing.TB, err error, code fault.Code, reason string) proto.Message {
	t.Helper()
	if err == nil || fault.CodeOf(err) != code || fault.ReasonOf(err) != reason {
		t.Fatalf("got %v, want %s (%s)", err, code, reason)
	}
	if details := fault.From(err).Details; len(details) > 0 {
		return details[0]
	}
	return nil
}
