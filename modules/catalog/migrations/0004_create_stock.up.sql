-- The units of a product. on_hand is all that was received, less corrections; held is set aside for orders that wait
-- for their payment; sold is paid for. What is left can be held: on_hand - held - sold.
CREATE TABLE catalog_stock (
    product_id VARCHAR(40) NOT NULL PRIMARY KEY,
    on_hand BIGINT NOT NULL,
    held BIGINT NOT NULL,
    sold BIGINT NOT NULL,
    low_threshold BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (on_hand >= 0),
    CHECK (held >= 0),
    CHECK (sold >= 0),
    CHECK (held + sold <= on_hand)
);
