-- What a refund gave back, in minor units; 0 for other entries, and for those of earlier releases.
ALTER TABLE orders_timeline ADD COLUMN amount BIGINT NOT NULL DEFAULT 0;
