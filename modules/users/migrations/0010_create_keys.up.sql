-- Ed25519 keys for access tokens, the private half in base64url. Generations begin with 1 and are unique, so that of two processes
-- that start at once one makes the key. The highest generation signs; keys verify until not_after, always when it is NULL.
CREATE TABLE users_keys (
    kid VARCHAR(64) NOT NULL PRIMARY KEY,
    generation INTEGER NOT NULL UNIQUE,
    seed VARCHAR(64) NOT NULL,
    created_at BIGINT NOT NULL,
    not_after BIGINT
);
