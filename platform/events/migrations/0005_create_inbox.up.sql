-- What this module heard, a row for each consumer and event, written in the transaction of the effects.
-- state: 0 failed and to be tried again at next_at, 1 done and to be removed after next_at, 2 dead.
-- event is the envelope (souk.platform.events.v1.Envelope) while it may still be needed, else NULL.
CREATE TABLE events_inbox (
    consumer    VARCHAR(100) NOT NULL,
    event_id    VARCHAR(36)  NOT NULL,
    type        VARCHAR(100) NOT NULL,
    state       INTEGER      NOT NULL CHECK (state BETWEEN 0 AND 2),
    attempts    INTEGER      NOT NULL,
    next_at     BIGINT       NOT NULL,
    received_at BIGINT       NOT NULL,
    last_error  TEXT         NOT NULL,
    event       MEDIUMBLOB,
    PRIMARY KEY (consumer, event_id)
)
