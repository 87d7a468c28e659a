-- One WebAuthn ceremony: a challenge that is answered once. ticket_hash is of the sign-in that it completes, session_id of the session that it
-- proves again or adds a passkey to; both are empty for a sign-in with nothing but a passkey.
CREATE TABLE users_ceremonies (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    purpose VARCHAR(16) NOT NULL,
    account_id VARCHAR(40) NOT NULL,
    ticket_hash VARCHAR(64) NOT NULL,
    session_id VARCHAR(40) NOT NULL,
    data VARCHAR(8000) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT,
    CHECK (purpose = 'register' OR purpose = 'sign_in' OR purpose = 'second_factor' OR purpose = 'step_up')
);
