-- The products of a collection, which position counts from 0 in the order of the merchant. Those that were archived
-- keep their place, and are left out of lists.
CREATE TABLE catalog_collection_products (
    collection_id VARCHAR(40) NOT NULL,
    product_id VARCHAR(40) NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (collection_id, product_id),
    UNIQUE (collection_id, position),
    CHECK (position BETWEEN 0 AND 499)
);
