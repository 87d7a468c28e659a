-- Why an order was cancelled, as a code; empty for other entries, and for those of earlier releases, which have a
-- sentence in detail.
ALTER TABLE orders_timeline ADD COLUMN reason VARCHAR(32) NOT NULL DEFAULT '';
