-- How far ahead of its time each of the limits on passwords is used: the theoretical arrival time of GCRA in microseconds, which is all that
-- such a limit needs to know. id is a hash of what is limited; a row whose time has come says no more than none.
CREATE TABLE users_tries (
    id VARCHAR(64) NOT NULL PRIMARY KEY,
    arrival BIGINT NOT NULL
);
