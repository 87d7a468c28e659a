-- What gateways must not believe any more although they may remember it as good, in the order of its epoch, until it would have
-- run out by itself.
CREATE TABLE users_revocations (
    epoch BIGINT NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    subject VARCHAR(64) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
