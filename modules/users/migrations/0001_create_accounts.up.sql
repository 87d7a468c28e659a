-- One person who has shown that the address is theirs (or was let in by an operator). email_key is the address in lower case.
CREATE TABLE users_accounts (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    email VARCHAR(254) NOT NULL,
    email_key VARCHAR(254) NOT NULL UNIQUE,
    password_hash VARCHAR(255) NOT NULL,
    first_name VARCHAR(100) NOT NULL,
    middle_name VARCHAR(100) NOT NULL,
    last_name VARCHAR(100) NOT NULL,
    admin INTEGER NOT NULL,
    verified_at BIGINT NOT NULL,
    disabled_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (admin IN (0, 1))
);
