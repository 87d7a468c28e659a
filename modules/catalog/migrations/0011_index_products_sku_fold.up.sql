CREATE UNIQUE INDEX catalog_products_sku_fold ON catalog_products (merchant_id, sku_fold);
