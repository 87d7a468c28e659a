-- One listed product of a merchant has a slug. For archived_at see catalog_products_external_key.
CREATE UNIQUE INDEX catalog_products_slug_key ON catalog_products (merchant_id, slug_key, archived_at);
