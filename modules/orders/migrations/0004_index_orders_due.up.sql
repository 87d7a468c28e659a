CREATE INDEX orders_orders_due ON orders_orders (due_at);
