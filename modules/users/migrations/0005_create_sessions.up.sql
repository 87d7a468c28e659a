-- One sign-in: the family of refresh tokens that descend from it. It ends by logout, by reuse of a token, or at expires_at.
CREATE TABLE users_sessions (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    account_id VARCHAR(40) NOT NULL,
    user_agent VARCHAR(200) NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    ended_why VARCHAR(16) NOT NULL
);
