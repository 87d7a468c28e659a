CREATE INDEX catalog_products_merchant ON catalog_products (merchant_id, archived_at, created_at, id);
