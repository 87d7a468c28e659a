-- One line of an order as it was sold.
CREATE TABLE orders_lines (
    order_id VARCHAR(40) NOT NULL,
    line_no BIGINT NOT NULL,
    product_id VARCHAR(40) NOT NULL,
    merchant_id VARCHAR(40) NOT NULL,
    title VARCHAR(400) NOT NULL,
    sku VARCHAR(128) NOT NULL,
    quantity BIGINT NOT NULL,
    price BIGINT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (order_id, line_no),
    CHECK (quantity >= 1),
    CHECK (price >= 0),
    CHECK (total = price * quantity)
) WITHOUT ROWID;
