-- From whose part of the order a refund was; empty: it concerns the whole order.
ALTER TABLE orders_timeline ADD COLUMN merchant_id VARCHAR(40) NOT NULL DEFAULT '';
