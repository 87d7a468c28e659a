package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"app/e2e/harness/load"
	"app/platform/operation"
)

const (
	// probes is how many products the shop is asked for before it is measured with
	// them, and searched how many of these are searched for; pages is how many
	// different pages and searches are measured.
	probes, searched, pages = 50, 5, 1000
	pageSize                = 20
	// stride leads through a sample in no order: it is prime, and larger than any
	// sample.
	stride = 611_953
)

const (
	sampleOf  = `SELECT id, sku, created_at FROM catalog_products WHERE rowid % ? = 0 AND rowid > ?`
	pageAfter = `SELECT id FROM catalog_products WHERE archived_at = 0 AND (created_at < ? OR created_at = ? AND id < ?)
	ORDER BY created_at DESC, id DESC LIMIT ?`
	countAll = `SELECT (SELECT COUNT(*) FROM catalog_products), (SELECT COUNT(*) FROM catalog_stock), (SELECT COUNT(*) FROM catalog_movements WHERE kind = 'received')`
)

// inspect takes a sample of the products that are asked for from here on, and sees that
// the shop has as many as wanted and serves, lists and finds them.
func (m *market) inspect(ctx context.Context, size int) error {
	var products, stock, received int
	if err := m.dbs["catalog"].QueryRowContext(ctx, countAll).Scan(&products, &stock, &received); err != nil {
		return fmt.Errorf("count products: %w", err)
	}
	if products != size || stock != size || received != size {
		return fmt.Errorf("of %d products there are %d, %d with stock and %d with an entry of their first units", size, products, stock, received)
	}
	if err := m.sample(ctx, size); err != nil {
		return err
	}
	c := load.NewConn(m.address)
	defer c.Close()
	for i, p := range m.listings[:probes] {
		err := errors.Join(m.serves(ctx, c, p), m.lists(ctx, c, p))
		if i < searched {
			err = errors.Join(err, m.finds(ctx, c, p))
		}
		if err != nil {
			return fmt.Errorf("with %d products: %w", size, err)
		}
	}
	return nil
}

// sample reads products from all over the catalog into the market, in an order that is
// neither that of their ids nor that of their times. Where there are copies, their
// models are left out: a search for a model's sku finds the copies, too.
func (m *market) sample(ctx context.Context, size int) error {
	models := 0
	if size > products {
		models = products
	}
	rows, err := m.dbs["catalog"].QueryContext(ctx, sampleOf, max(1, size/sampled), models)
	if err != nil {
		return fmt.Errorf("sample products: %w", err)
	}
	defer rows.Close()
	var found []listing
	for rows.Next() {
		var p listing
		if err := rows.Scan(&p.ID, &p.SKU, &p.At); err != nil {
			return fmt.Errorf("sample products: %w", err)
		}
		found = append(found, p)
	}
	m.listings, m.products = make([]listing, len(found)), make([]string, len(found))
	for i := range found {
		p := found[i*stride%len(found)]
		m.listings[i], m.products[i] = p, p.ID
	}
	return rows.Err() //nolint:wrapcheck // names the database
}

// serves reads a product by its id.
func (m *market) serves(ctx context.Context, c *load.Conn, p listing) error {
	body, err := expect(ctx, c, load.Request(http.MethodGet, "/v1/products/"+p.ID, nil), http.StatusOK)
	if err != nil {
		return err
	}
	var got listing
	if err := json.Unmarshal(body, &got); err != nil {
		return fmt.Errorf("read product: %w", err)
	}
	if got.ID != p.ID || got.SKU != p.SKU {
		return fmt.Errorf("asked for %s, %s, the shop served %s, %s", p.ID, p.SKU, got.ID, got.SKU)
	}
	return nil
}

// lists turns the page after a product, and compares it with what the database has.
func (m *market) lists(ctx context.Context, c *load.Conn, p listing) error {
	got, err := listed(ctx, c, pageRequest(p))
	if err != nil {
		return err
	}
	rows, err := m.dbs["catalog"].QueryContext(ctx, pageAfter, p.At, p.At, p.ID, pageSize)
	if err != nil {
		return fmt.Errorf("read page: %w", err)
	}
	defer rows.Close()
	var want []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return fmt.Errorf("read page: %w", err)
		}
		want = append(want, id)
	}
	if !slices.Equal(got, want) {
		return errors.Join(rows.Err(), fmt.Errorf("after %s the shop lists %v, the database has %v", p.ID, got, want))
	}
	return nil
}

// finds searches for a product by its sku, which no other has.
func (m *market) finds(ctx context.Context, c *load.Conn, p listing) error {
	got, err := listed(ctx, c, searchRequest(p))
	if err == nil && !slices.Equal(got, []string{p.ID}) {
		err = fmt.Errorf("a search for %s found %v, want %s", p.SKU, got, p.ID)
	}
	return err
}

// listed asks for a page of products and returns their ids.
func listed(ctx context.Context, c *load.Conn, request []byte) (found []string, err error) {
	body, err := expect(ctx, c, request, http.StatusOK)
	if err != nil {
		return nil, err
	}
	var page struct{ Data []listing }
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	for _, p := range page.Data {
		found = append(found, p.ID)
	}
	return found, nil
}

// pageRequest asks for the page after a product.
func pageRequest(p listing) []byte {
	after := operation.EncodeCursor(strconv.FormatInt(p.At, 10), p.ID)
	return load.Request(http.MethodGet, fmt.Sprintf("/v1/products?limit=%d&after=%s", pageSize, after), nil)
}

func searchRequest(p listing) []byte {
	return load.Request(http.MethodGet, fmt.Sprintf("/v1/products?limit=%d&q=%s", pageSize, strings.ToLower(p.SKU)), nil)
}

// pageRequests are pages all over the list.
func (m *market) pageRequests() [][]byte { return m.eachListing(pageRequest) }

// searchRequests look for one product each.
func (m *market) searchRequests() [][]byte { return m.eachListing(searchRequest) }

func (m *market) eachListing(request func(listing) []byte) [][]byte {
	requests := make([][]byte, min(pages, len(m.listings)))
	for i := range requests {
		requests[i] = request(m.listings[i])
	}
	return requests
}
