-- Keys that the module makes for itself at its first start, 32 bytes in base64url.
CREATE TABLE users_secrets (
    name VARCHAR(40) NOT NULL PRIMARY KEY,
    secret VARCHAR(64) NOT NULL,
    created_at BIGINT NOT NULL
);
