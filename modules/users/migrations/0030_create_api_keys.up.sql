-- A merchant's API key, as its SHA-256. scopes has spaces between.
CREATE TABLE users_api_keys (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    merchant_id VARCHAR(40) NOT NULL,
    name VARCHAR(100) NOT NULL,
    key_hash VARCHAR(64) NOT NULL UNIQUE,
    hint VARCHAR(16) NOT NULL,
    scopes VARCHAR(255) NOT NULL,
    created_by VARCHAR(40) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT
);
