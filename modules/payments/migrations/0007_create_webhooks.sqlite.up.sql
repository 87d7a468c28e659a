-- One event a provider told us about, kept before it is acknowledged. due_at is null once it is processed.
CREATE TABLE payments_webhooks (
    provider VARCHAR(32) NOT NULL,
    event_id VARCHAR(128) NOT NULL,
    payload MEDIUMBLOB NOT NULL,
    tries BIGINT NOT NULL,
    due_at BIGINT NULL,
    result VARCHAR(255) NOT NULL,
    received_at BIGINT NOT NULL,
    processed_at BIGINT NULL,
    PRIMARY KEY (provider, event_id)
) WITHOUT ROWID;
