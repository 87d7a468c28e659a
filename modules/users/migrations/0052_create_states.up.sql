-- A browser on its way to a provider and back, under the SHA-256 of its state. browser_hash is of a cookie that it must bring along. session_id is
-- set when somebody who is signed in wants to link an identity or to prove who they are.
CREATE TABLE users_states (
    state_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    provider VARCHAR(40) NOT NULL,
    purpose VARCHAR(16) NOT NULL,
    browser_hash VARCHAR(64) NOT NULL,
    session_id VARCHAR(40) NOT NULL,
    return_to VARCHAR(500) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT,
    CHECK (purpose = 'sign_in' OR purpose = 'link' OR purpose = 'step_up')
);
