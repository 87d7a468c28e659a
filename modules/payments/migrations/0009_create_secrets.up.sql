-- Keys the module makes for itself at its first start.
CREATE TABLE payments_secrets (
    name VARCHAR(40) NOT NULL PRIMARY KEY,
    secret VARCHAR(64) NOT NULL,
    created_at BIGINT NOT NULL
);
