CREATE INDEX catalog_products_newest ON catalog_products (archived_at, created_at, id);
