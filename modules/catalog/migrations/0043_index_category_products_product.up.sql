CREATE UNIQUE INDEX catalog_category_products_place ON catalog_category_products (product_id, position);
