-- A merchant's hand-picked lists of its products.
CREATE TABLE catalog_collections (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    merchant_id VARCHAR(40) NOT NULL,
    name VARCHAR(200) NOT NULL,
    slug VARCHAR(48) NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (merchant_id, slug)
);
