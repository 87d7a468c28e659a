-- Somebody at a provider of OpenID Connect who signs in to an account. The pair of issuer and subject names them for ever; email is what the
-- provider said last, for its owner to read, and decides nothing.
CREATE TABLE users_identities (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    account_id VARCHAR(40) NOT NULL,
    provider VARCHAR(40) NOT NULL,
    issuer VARCHAR(255) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    email VARCHAR(254) NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    UNIQUE (issuer, subject)
);
