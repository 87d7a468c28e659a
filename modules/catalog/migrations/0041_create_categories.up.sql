-- The shop's tree of categories. parent_id is empty at the top. path is the ids from the top down to the category
-- itself, with a slash before, between and behind them: what is below a category has its path in front. An id has 30
-- characters, so that six categories, one below the other, make a path of 187.
CREATE TABLE catalog_categories (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    parent_id VARCHAR(40) NOT NULL,
    path VARCHAR(255) NOT NULL,
    name VARCHAR(200) NOT NULL,
    slug VARCHAR(48) NOT NULL,
    position BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (path),
    UNIQUE (parent_id, slug),
    CHECK (LENGTH(path) <= 187),
    CHECK (position >= 0)
);
