-- An account's generator of time-based codes (RFC 6238): the shared secret, sealed. Not a factor until confirmed_at. last_step is the newest time
-- step whose code was accepted; none is accepted twice. tries counts codes refused in a row since the last that was accepted.
CREATE TABLE users_totp (
    account_id VARCHAR(40) NOT NULL PRIMARY KEY,
    secret VARCHAR(200) NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_step BIGINT NOT NULL,
    tries INTEGER NOT NULL,
    tried_at BIGINT NOT NULL,
    CHECK (tries >= 0)
);
