-- One row for each account that opens merchants or invites: what is counted for it is counted under its lock.
CREATE TABLE merchants_locks (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    locks BIGINT NOT NULL
)
