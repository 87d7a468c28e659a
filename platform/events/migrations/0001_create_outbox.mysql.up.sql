-- What this module told the house. Rows are read by state, in the order of seq, which is the order of insertion.
-- state: 0 waiting, 1 sent, 2 owed (see events_owed).
CREATE TABLE events_outbox (
    seq               BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id                VARCHAR(36)  NOT NULL,
    type              VARCHAR(100) NOT NULL,
    schema_version    INTEGER      NOT NULL,
    aggregate         VARCHAR(64)  NOT NULL,
    aggregate_id      VARCHAR(128) NOT NULL,
    aggregate_version BIGINT       NOT NULL,
    occurred_at       BIGINT       NOT NULL,
    request_id        VARCHAR(128) NOT NULL,
    trace             VARCHAR(64)  NOT NULL,
    secret            INTEGER      NOT NULL,
    state             INTEGER      NOT NULL CHECK (state BETWEEN 0 AND 2),
    payload           MEDIUMBLOB   NOT NULL
)
