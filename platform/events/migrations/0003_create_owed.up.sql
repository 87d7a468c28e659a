-- What a destination that was away, or slow, has still to get. A row goes when it is delivered; the event is sent
-- when its last row has gone. The usual event never has a row here.
CREATE TABLE events_owed (
    seq         BIGINT      NOT NULL,
    destination VARCHAR(64) NOT NULL,
    PRIMARY KEY (seq, destination)
)
