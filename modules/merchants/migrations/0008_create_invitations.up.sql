-- Who was asked to act for a merchant. Of the token in the letter its SHA-256 is kept. role: as of a member. state: 1 pending,
-- 2 accepted, 3 declined, 4 withdrawn or replaced by a newer one. settled_by: the account that accepted.
CREATE TABLE merchants_invitations (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    merchant_id VARCHAR(40) NOT NULL,
    email VARCHAR(254) NOT NULL,
    email_key VARCHAR(254) NOT NULL,
    role INTEGER NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    invited_by VARCHAR(40) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    state INTEGER NOT NULL,
    settled_at BIGINT,
    settled_by VARCHAR(40),
    CHECK (role BETWEEN 1 AND 3),
    CHECK (state BETWEEN 1 AND 4)
)
