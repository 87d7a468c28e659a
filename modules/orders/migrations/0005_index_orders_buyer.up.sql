CREATE INDEX orders_orders_buyer ON orders_orders (buyer_id, created_at, id);
