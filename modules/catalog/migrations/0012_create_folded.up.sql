-- How far the products have been given the search text and the sku_fold of today: all up to product_id. One row.
CREATE TABLE catalog_folded (
    name VARCHAR(16) NOT NULL PRIMARY KEY,
    product_id VARCHAR(40) NOT NULL
);
