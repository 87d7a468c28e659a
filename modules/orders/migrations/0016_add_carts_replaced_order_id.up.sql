-- The order id before this one, when a checkout gave it up because its hold was about to lapse: stock may still be held
-- under it. Empty otherwise.
ALTER TABLE orders_carts ADD COLUMN replaced_order_id VARCHAR(40) NOT NULL DEFAULT '';
