-- What the test provider still has to tell. due_at is null once it was told and heard.
CREATE TABLE payments_test_webhooks (
    id VARCHAR(64) NOT NULL PRIMARY KEY,
    body MEDIUMBLOB NOT NULL,
    tries BIGINT NOT NULL,
    due_at BIGINT NULL,
    created_at BIGINT NOT NULL
);
