-- Each merchant's part of an order, for the merchant's list.
CREATE TABLE orders_order_merchants (
    merchant_id VARCHAR(40) NOT NULL,
    created_at BIGINT NOT NULL,
    order_id VARCHAR(40) NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, created_at, order_id)
) WITHOUT ROWID;
