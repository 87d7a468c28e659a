-- An identity whose address has an account already, waiting for the account's owner to say that it is theirs; under the SHA-256 of a token that
-- the browser has.
CREATE TABLE users_links (
    token_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    account_id VARCHAR(40) NOT NULL,
    provider VARCHAR(40) NOT NULL,
    issuer VARCHAR(255) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    email VARCHAR(254) NOT NULL,
    return_to VARCHAR(500) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT
);
