CREATE INDEX catalog_movements_product ON catalog_movements (product_id, created_at);
