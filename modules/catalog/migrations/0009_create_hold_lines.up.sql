-- One product of a hold, with all the units the order wants of it and the price they were held at.
CREATE TABLE catalog_hold_lines (
    order_id VARCHAR(40) NOT NULL,
    product_id VARCHAR(40) NOT NULL,
    quantity BIGINT NOT NULL,
    price_amount BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    PRIMARY KEY (order_id, product_id),
    CHECK (quantity >= 1)
);
