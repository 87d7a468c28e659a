-- The language that the buyer gets letters in, as a BCP 47 tag; empty: not known.
ALTER TABLE payments_payments ADD COLUMN locale VARCHAR(35) NOT NULL DEFAULT '';
