-- One cookie of a browser's session, as its SHA-256. A change of privilege gives the session a new one and removes this.
CREATE TABLE users_cookies (
    token_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    session_id VARCHAR(40) NOT NULL,
    data VARCHAR(1000) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
