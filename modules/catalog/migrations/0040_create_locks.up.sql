-- Rows to lock on MySQL. "categories" is the tree of categories: whoever changes it waits for whoever is changing it.
CREATE TABLE catalog_locks (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    locks BIGINT NOT NULL
);
