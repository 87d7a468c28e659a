-- One recovery code of an account's set, as an HMAC. A new set replaces the one before.
CREATE TABLE users_recovery (
    account_id VARCHAR(40) NOT NULL,
    code_hash VARCHAR(64) NOT NULL,
    created_at BIGINT NOT NULL,
    spent_at BIGINT,
    PRIMARY KEY (account_id, code_hash)
);
