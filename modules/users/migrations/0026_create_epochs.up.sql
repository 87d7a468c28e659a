-- Counters that a transaction keeps locked until it has committed, so that numbers become visible in their order.
CREATE TABLE users_epochs (
    name VARCHAR(24) NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
