-- The language of the checkout, in which its buyer gets letters: a BCP 47 tag; empty: not known.
ALTER TABLE orders_orders ADD COLUMN locale VARCHAR(35) NOT NULL DEFAULT '';
