package database_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/uptrace/bun"

	"app/platform/database"
	"app/platform/database/dbtest"
)

type shipmentStatus string

// shipment has a column of every kind, and one of each that may be NULL.
type shipment struct {
	bun.BaseModel `bun:"table:shipments,alias:s"`

	ID        string             `bun:"id,pk"`
	Status    shipmentStatus     `bun:"status"`
	Price     int64              `bun:"price"`
	Small     int16              `bun:"small"`
	Sealed    bool               `bun:"sealed"`
	Weight    float64            `bun:"weight"`
	Label     []byte             `bun:"label"`
	CreatedAt database.Timestamp `bun:"created_at"`
	Note      string             `bun:"note,nullzero"`
	Stops     uint8              `bun:"stops,nullzero"`
	Lost      bool               `bun:"lost,nullzero"`
	Height    float64            `bun:"height,nullzero"`
	Photo     []byte             `bun:"photo,nullzero"`
	SentAt    database.Timestamp `bun:"sent_at,nullzero"`
}

var (
	shipments      = database.ModelOf[shipment]()
	shipmentTables = fstest.MapFS{"0001_create_shipments.up.sql": {Data: []byte(`CREATE TABLE shipments (
		id VARCHAR(30) NOT NULL PRIMARY KEY, status VARCHAR(30) NOT NULL, price BIGINT NOT NULL, small INTEGER NOT NULL,
		sealed BOOLEAN NOT NULL, weight DOUBLE NOT NULL, label BLOB NOT NULL, created_at BIGINT NOT NULL,
		note VARCHAR(200), stops INTEGER, lost BOOLEAN, height DOUBLE, photo BLOB, sent_at BIGINT)`)}}
)

// strangeShipments is what a conversion might spoil.
func strangeShipments() []shipment {
	at := database.Timestamp{Time: time.Date(2026, 11, 29, 1, 2, 3, 456_789_000, time.UTC)}
	return []shipment{
		{ID: "full", Status: "sent", Price: 1 << 62, Small: -5, Sealed: true, Weight: 1.25, Label: []byte{0, 1, '\'', 255}, CreatedAt: at,
			Note: "a", Stops: 255, Lost: true, Height: -0.5, Photo: []byte("jpg"), SentAt: at},
		{ID: "null", Status: "", Price: -1 << 63, Label: []byte{}, CreatedAt: at},
		{ID: "text", Status: "it's \"so\"", Label: []byte("?"), CreatedAt: at, Note: "\\ \\' '; DROP TABLE x; -- ? ?0 %s\n\t\u00e9\u2603\U0001f600\\"},
		{ID: "times", Status: "x", Label: []byte{1}, CreatedAt: database.Timestamp{}, SentAt: database.Timestamp{Time: time.Unix(-1, 1000).UTC()}},
	}
}

// What a Model stores bun reads, and the other way round, on both engines.
func TestModelAndBun(t *testing.T) {
	t.Parallel()
	stores := map[string]func(context.Context, *database.Tx, []shipment) error{
		"Model": func(ctx context.Context, tx *database.Tx, rows []shipment) error {
			return shipments.Insert(ctx, tx, "shipment", rows...)
		},
		"ModelOneByOne": func(ctx context.Context, tx *database.Tx, rows []shipment) error {
			for _, row := range rows {
				if err := shipments.Insert(ctx, tx, "shipment", row); err != nil {
					return err
				}
			}
			return nil
		},
		"Bun": func(ctx context.Context, tx *database.Tx, rows []shipment) error {
			for _, row := range rows { // bun writes what the engine returned into the row
				if _, err := tx.Bun().NewInsert().Model(&row).Exec(ctx); err != nil {
					return err
				}
			}
			return nil
		},
	}
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				want := strangeShipments()
				err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error { return store(ctx, tx, want) })
				if err != nil {
					t.Fatal(err)
				}
				checkShipments(t, db, want)
			}, shipmentTables)
		})
	}
}

// emptyIsNil: SQLite's driver gives an empty BLOB as nil.
var emptyIsNil = cmpopts.EquateEmpty()

func checkShipments(t *testing.T, db *database.DB, want []shipment) {
	t.Helper()
	err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
		byModel, err := shipments.List(ctx, q, "shipments", "WHERE s.id <> ? ORDER BY s.id", "")
		if diff := cmp.Diff(want, byModel, emptyIsNil); diff != "" || err != nil {
			t.Errorf("List (-want +got):\n%s%v", diff, err)
		}
		var byBun []shipment
		err = q.Bun().NewSelect().Model(&byBun).Where("s.id <> ?", "").OrderExpr("s.id").Scan(ctx)
		if diff := cmp.Diff(want, byBun, emptyIsNil); diff != "" || err != nil {
			t.Errorf("bun (-want +got):\n%s%v", diff, err)
		}
		for _, row := range want {
			got, err := shipments.Get(ctx, q, "shipment", "WHERE s.id = ?", row.ID)
			if diff := cmp.Diff(row, got, emptyIsNil); diff != "" || err != nil {
				t.Errorf("Get (-want +got):\n%s%v", diff, err)
			}
		}
		var nulls int
		err = q.QueryRow(ctx, `SELECT COUNT(*) FROM shipments WHERE id = ? AND note IS NULL AND stops IS NULL AND lost IS NULL
			AND height IS NULL AND photo IS NULL AND sent_at IS NULL`, "null").Scan(&nulls)
		if nulls != 1 || err != nil {
			t.Errorf("not all that is zero is NULL: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// bun's conditions and updates take the same values as arguments.
func TestTimestampInBun(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		row := strangeShipments()[0]
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			if err := shipments.Insert(ctx, tx, "shipment", row); err != nil {
				return err
			}
			row.SentAt, row.CreatedAt = database.Timestamp{}, database.Timestamp{Time: row.CreatedAt.Add(time.Microsecond)}
			_, err := tx.Bun().NewUpdate().Model(&row).Column("sent_at", "created_at").
				Where("sent_at = ?", strangeShipments()[0].SentAt).Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := database.Read(t.Context(), db, func(ctx context.Context, q *database.Tx) (shipment, error) {
			return shipments.Get(ctx, q, "shipment", "WHERE s.created_at = ?", row.CreatedAt)
		})
		if diff := cmp.Diff(row, got); diff != "" || err != nil {
			t.Errorf("updated (-want +got):\n%s%v", diff, err)
		}
	}, shipmentTables)
}

func TestModelErrors(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			row := strangeShipments()[0]
			for range 2 {
				if err := shipments.Insert(ctx, tx, "shipment", row); err != nil {
					return err
				}
			}
			return nil
		})
		if !errors.Is(err, database.ErrDuplicate) {
			t.Errorf("inserted twice: %v", err)
		}
		read := func(tail string, args ...any) (err error) {
			_, err = database.ReadOne(t.Context(), db, func(ctx context.Context, q *database.Tx) (shipment, error) {
				return shipments.Get(ctx, q, "shipment", tail, args...)
			})
			return err
		}
		if err := read("WHERE s.id = ?", "nobody"); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("not there: %v", err)
		}
		if err := read("WHERE nowhere = ?", 1); err == nil || !strings.HasPrefix(err.Error(), "read shipment: ") {
			t.Errorf("no such column: %v", err)
		}
		_, err = database.Read(t.Context(), db, func(ctx context.Context, q *database.Tx) ([]shipment, error) {
			return shipments.List(ctx, q, "shipments", "WHERE nowhere = ?", 1)
		})
		if err == nil || !strings.HasPrefix(err.Error(), "list shipments: ") {
			t.Errorf("no such column: %v", err)
		}
		if err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error { return shipments.Insert(ctx, tx, "shipment") }); err != nil {
			t.Errorf("no rows: %v", err)
		}
	}, shipmentTables)
}

// Rows in more than one statement keep their order.
func TestModelInsertsMany(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		want := make([]shipment, 150)
		for i := range want {
			want[i] = strangeShipments()[0]
			want[i].ID, want[i].Price = fmt.Sprintf("many-%03d", i), int64(i)
		}
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			return shipments.Insert(ctx, tx, "shipments", want...)
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := database.Read(t.Context(), db, func(ctx context.Context, q *database.Tx) ([]shipment, error) {
			return shipments.List(ctx, q, "shipments", "WHERE s.price >= ? ORDER BY s.id", 0)
		})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("many (-want +got):\n%s%v", diff, err)
		}
	}, shipmentTables)
}

// A number that a field cannot hold is an error, not another number.
func TestModelOverflow(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, shipmentTables)
	for column, number := range map[string]int{"stops": 256, "small": 1 << 15} {
		row := strangeShipments()[0]
		row.ID = column
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			if err := shipments.Insert(ctx, tx, "shipment", row); err != nil {
				return err
			}
			return tx.One(ctx, "update", "UPDATE shipments SET "+column+" = ? WHERE id = ?", number, row.ID)
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = database.Read(t.Context(), db, func(ctx context.Context, q *database.Tx) (shipment, error) {
			return shipments.Get(ctx, q, "shipment", "WHERE s.id = ?", row.ID)
		})
		if err == nil {
			t.Errorf("%s holds %d", column, number)
		}
	}
}

func TestModelOfRefuses(t *testing.T) {
	t.Parallel()
	type base struct {
		bun.BaseModel `bun:"table:x,alias:x"`
		ID            string `bun:"id,pk"`
	}
	cases := map[string]func(){
		"NotAStruct": func() { database.ModelOf[int]() },
		"NoBase": func() {
			database.ModelOf[struct {
				ID string `bun:"id,pk"`
			}]()
		},
		"NoAlias": func() {
			database.ModelOf[struct {
				bun.BaseModel `bun:"table:x"`
				ID            string `bun:"id,pk"`
			}]()
		},
		"NoKey": func() {
			database.ModelOf[struct {
				bun.BaseModel `bun:"table:x,alias:x"`
				ID            string `bun:"id"`
			}]()
		},
		"Embedded": func() { database.ModelOf[struct{ base }]() },
		"Untagged": func() {
			database.ModelOf[struct {
				bun.BaseModel `bun:"table:x,alias:x"`
				ID            string `bun:"id,pk"`
				Name          string
			}]()
		},
		"UnknownOption": func() {
			database.ModelOf[struct {
				bun.BaseModel `bun:"table:x,alias:x"`
				ID            string `bun:"id,pk,nullzeros"`
			}]()
		},
		"Unexported": func() {
			database.ModelOf[struct {
				bun.BaseModel `bun:"table:x,alias:x"`
				ID            string `bun:"id,pk"`
				name          string `bun:"name"`
			}]()
		},
		"Twice": func() {
			database.ModelOf[struct {
				bun.BaseModel `bun:"table:x,alias:x"`
				ID            string `bun:"id,pk"`
				Name          string `bun:"id"`
			}]()
		},
		"Time": func() {
			database.ModelOf[struct {
				bun.BaseModel `bun:"table:x,alias:x"`
				ID            string    `bun:"id,pk"`
				At            time.Time `bun:"at"`
			}]()
		},
		"Map": func() {
			database.ModelOf[struct {
				bun.BaseModel `bun:"table:x,alias:x"`
				ID            string         `bun:"id,pk"`
				Labels        map[string]int `bun:"labels"`
			}]()
		},
	}
	for name, make := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if reason, ok := recover().(string); !ok || !strings.HasPrefix(reason, "database: model of ") {
					t.Errorf("no panic that names the model: %v", reason)
				}
			}()
			make()
		})
	}
}

// What a run of a Write returned that was not committed is not what Write returns.
func TestWriteValue(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, things)
	n, err := database.Write(t.Context(), db, func(ctx context.Context, tx *database.Tx) (int, error) { return 7, insert(ctx, tx, "a") })
	if n != 7 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	n, err = database.Write(t.Context(), db, func(context.Context, *database.Tx) (int, error) { return 7, errRefused })
	if n != 0 || !errors.Is(err, errRefused) {
		t.Errorf("%d, %v", n, err)
	}
}
