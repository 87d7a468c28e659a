-- What was given back of the merchant's part by the merchant, in minor units.
ALTER TABLE orders_order_merchants ADD COLUMN refunded BIGINT NOT NULL DEFAULT 0;
