-- Rows to lock on MySQL while holds are counted, so that two checkouts from one network do not both find the last place. A
-- network's row is a number of its hash: there are never more than 1,024.
CREATE TABLE catalog_turns (
    id BIGINT NOT NULL PRIMARY KEY,
    taken BIGINT NOT NULL
);
