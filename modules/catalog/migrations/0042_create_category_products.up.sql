-- The categories that a product was put into, which position counts from 0 in the order of the merchant.
CREATE TABLE catalog_category_products (
    category_id VARCHAR(40) NOT NULL,
    product_id VARCHAR(40) NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (category_id, product_id),
    CHECK (position BETWEEN 0 AND 19)
);
