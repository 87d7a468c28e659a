-- The listed products in a category or in any below it, each once, in the order of a list of them. It follows from
-- catalog_category_products and the tree. created_at and merchant_id are the product's. A product that a process of
-- an earlier release archived keeps its rows: whoever reads looks at the product too.
CREATE TABLE catalog_category_listings (
    category_id VARCHAR(40) NOT NULL,
    created_at BIGINT NOT NULL,
    product_id VARCHAR(40) NOT NULL,
    merchant_id VARCHAR(40) NOT NULL,
    PRIMARY KEY (category_id, created_at, product_id)
);
