-- One row for each merchant with API keys: they are counted under its lock.
CREATE TABLE users_merchant_locks (
    id VARCHAR(64) NOT NULL PRIMARY KEY,
    locks BIGINT NOT NULL
)
