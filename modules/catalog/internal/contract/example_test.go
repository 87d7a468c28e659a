package contract_test

import (
	"context"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"os"
	"time"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/contract"
	"app/modules/catalog/internal/hold"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/migrations"
	"app/modules/orders/ordersevents"
	"app/platform/database"
	"app/platform/database/migrate"
	"app/platform/events"
	"app/platform/ids"
	"app/platform/money/moneyv1"
)

// A checkout holds its units in one call; when the order is paid, they are sold.
func Example() {
	ctx := context.Background()
	db, closeDB := exampleDatabase(ctx)
	defer closeDB()
	holds := hold.New(hold.Options{DB: db, Logger: slog.New(slog.DiscardHandler), Now: time.Now, TTL: 30 * time.Minute})
	products := product.New(product.Options{DB: db, Members: catalogtest.Members(catalogtest.ManagerOnly), Now: time.Now})
	catalog := contract.New(products, holds)
	chair, err := catalog.Ensure(ctx, &catalogv1.EnsureRequest{
		MerchantId: ids.New("mrc", catalogtest.Start), Sku: "CH-1", Title: "Chair", Price: &moneyv1.Money{Amount: 1990, Currency: "EUR"}, Stock: 5,
	})
	check(err)
	show := func(when string) {
		seen, err := catalog.Products(ctx, &catalogv1.ProductsRequest{ProductIds: []string{chair.GetProductId()}})
		check(err)
		fmt.Println(when, seen.GetProducts()[0].GetAvailable(), "available")
	}
	show("before:")

	order := &ordersevents.Order{Id: ids.New("ord", catalogtest.Start)}
	held, err := catalog.Reserve(ctx, &catalogv1.ReserveRequest{OrderId: order.GetId(), Lines: []*catalogv1.ReserveLine{
		{ProductId: chair.GetProductId(), Quantity: 2, ExpectedPrice: &moneyv1.Money{Amount: 1990, Currency: "EUR"}},
	}})
	check(err)
	fmt.Println("held:", held.GetProducts()[0].GetTitle())
	show("held:")

	// orders tells catalog with an event; whoever delivers it opens the transaction.
	check(db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return holds.Paid(ctx, tx, events.Event[*ordersevents.Paid]{Body: &ordersevents.Paid{Order: order}})
	}))
	show("paid:")
	// Output:
	// before: 5 available
	// held: Chair
	// held: 3 available
	// paid: 3 available
}

func exampleDatabase(ctx context.Context) (db *database.DB, closeDB func()) {
	dir, err := os.MkdirTemp("", "catalog")
	check(err)
	db, err = database.Open(ctx, database.Options{
		Module: "catalog", DataDir: dir, Migrations: []fs.FS{database.Named("events", events.Migrations), migrations.Files},
	})
	check(err)
	_, err = migrate.Up(ctx, db)
	check(err)
	return db, func() {
		check(db.Close())
		check(os.RemoveAll(dir))
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
