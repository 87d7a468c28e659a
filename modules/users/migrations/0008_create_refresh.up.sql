-- One refresh token, as its SHA-256. Used once it has been exchanged for its successor, which follows from it.
CREATE TABLE users_refresh (
    token_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    session_id VARCHAR(40) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
