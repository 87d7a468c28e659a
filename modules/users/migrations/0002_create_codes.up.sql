-- One letter caused by one registration. verify_address: a code, with the registration that it makes true; whoever else registers
-- the same address has a row of their own, and nothing of it survives. known_address: the address has an account, whose owner is told; no code.
-- Of an address and purpose only the newest row counts.
CREATE TABLE users_codes (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    email_key VARCHAR(254) NOT NULL,
    purpose VARCHAR(24) NOT NULL,
    code_hash VARCHAR(64) NOT NULL,
    tries INTEGER NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT,
    email VARCHAR(254) NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    first_name VARCHAR(100) NOT NULL,
    middle_name VARCHAR(100) NOT NULL,
    last_name VARCHAR(100) NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (purpose IN ('verify_address', 'known_address')),
    CHECK (tries >= 0 AND tries <= 5)
);
