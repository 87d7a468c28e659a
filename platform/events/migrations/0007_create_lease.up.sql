-- Who may relay this module's events, and until when (microseconds since 1970).
CREATE TABLE events_lease (
    name   VARCHAR(64) NOT NULL PRIMARY KEY,
    holder VARCHAR(64) NOT NULL,
    until  BIGINT      NOT NULL
)
