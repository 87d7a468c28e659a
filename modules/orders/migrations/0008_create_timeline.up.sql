-- What happened to an order. The version is the order's after the change: the key keeps it contiguous and unique.
CREATE TABLE orders_timeline (
    order_id VARCHAR(40) NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    event VARCHAR(32) NOT NULL,
    detail VARCHAR(255) NOT NULL,
    PRIMARY KEY (order_id, version)
);
