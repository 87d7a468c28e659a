-- One request for a one-time code, by whoever knows an address: the code is good for this request only. A request for an address that has no
-- account which may sign in has a row like any other and no account_id: nobody has its code. network is the part of the client's address that
-- the account has signed in from before, empty for everywhere else: strangers share their limits and cannot use up the owner's.
-- Of an address, purpose and network only the newest row counts.
CREATE TABLE users_requests (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    email_key VARCHAR(254) NOT NULL,
    purpose VARCHAR(24) NOT NULL,
    network VARCHAR(64) NOT NULL,
    account_id VARCHAR(40) NOT NULL,
    email VARCHAR(254) NOT NULL,
    code_hash VARCHAR(64) NOT NULL,
    tries INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT,
    CHECK (purpose = 'sign_in' OR purpose = 'reset_password' OR purpose = 'change_address'),
    CHECK (tries >= 0 AND tries <= 5)
);
