-- What a variant cost before: one row for each price it no longer has, from from_at until to_at. Rows are only added, in the
-- transaction that changes the price. The variant of a product without others has the product's id with the prefix var_.
CREATE TABLE catalog_price_history (
    variant_id VARCHAR(40) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    from_at BIGINT NOT NULL,
    to_at BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (variant_id, currency, from_at),
    CHECK (amount >= 0),
    CHECK (to_at > from_at)
);
