-- What happened to an account, for its owner and for administrators: never a secret. account_id is empty where an attempt was made
-- on an address without an account.
CREATE TABLE users_audit (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    account_id VARCHAR(40) NOT NULL,
    event VARCHAR(32) NOT NULL,
    outcome VARCHAR(32) NOT NULL,
    detail VARCHAR(100) NOT NULL,
    session_id VARCHAR(40) NOT NULL,
    network VARCHAR(64) NOT NULL,
    user_agent VARCHAR(200) NOT NULL,
    request_id VARCHAR(64) NOT NULL,
    created_at BIGINT NOT NULL
);
