-- The currency that a product is sold in now, when the cart's keeps its line from that price; empty: the cart's.
ALTER TABLE orders_cart_lines ADD COLUMN sold_in VARCHAR(3) NOT NULL DEFAULT '';
