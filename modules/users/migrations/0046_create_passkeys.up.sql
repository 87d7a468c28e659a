-- One passkey (WebAuthn credential). credential is what the library keeps of it, in JSON: public key, sign count, flags. key_hash is the
-- SHA-256 of the credential's id, which may be long.
CREATE TABLE users_passkeys (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    account_id VARCHAR(40) NOT NULL,
    key_hash VARCHAR(64) NOT NULL UNIQUE,
    name VARCHAR(100) NOT NULL,
    credential VARCHAR(8000) NOT NULL,
    sign_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);
