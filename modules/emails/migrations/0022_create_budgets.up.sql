-- How far ahead of its time each budget of letters is used: the theoretical arrival time of GCRA in microseconds. id is a hash of what
-- is limited; a row whose time has come says no more than none.
CREATE TABLE emails_budgets (
  id VARCHAR(64) NOT NULL PRIMARY KEY,
  arrival BIGINT NOT NULL
)
