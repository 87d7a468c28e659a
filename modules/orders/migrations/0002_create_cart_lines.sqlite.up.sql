-- One product in a cart, with what the buyer was shown of it.
CREATE TABLE orders_cart_lines (
    cart_id VARCHAR(40) NOT NULL,
    product_id VARCHAR(40) NOT NULL,
    merchant_id VARCHAR(40) NOT NULL,
    title VARCHAR(400) NOT NULL,
    quantity BIGINT NOT NULL,
    price BIGINT NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (cart_id, product_id),
    CHECK (quantity BETWEEN 1 AND 10000),
    CHECK (price >= 0)
) WITHOUT ROWID;
