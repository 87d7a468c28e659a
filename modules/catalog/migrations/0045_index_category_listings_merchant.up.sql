CREATE INDEX catalog_category_listings_merchant ON catalog_category_listings (merchant_id, category_id, created_at, product_id);
