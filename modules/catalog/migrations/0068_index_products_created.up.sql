-- For the list of what a merchant has archived.
CREATE INDEX catalog_products_created ON catalog_products (merchant_id, created_at, id);
