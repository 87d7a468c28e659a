-- A sign-in that waits for its second factor, under the SHA-256 of its ticket. It ends when it is spent, after five tries, or at expires_at.
CREATE TABLE users_pending (
    ticket_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    account_id VARCHAR(40) NOT NULL,
    methods VARCHAR(64) NOT NULL,
    transport VARCHAR(8) NOT NULL,
    tries INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT,
    CHECK (tries >= 0 AND tries <= 5)
);
