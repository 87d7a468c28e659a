-- One listed product of a merchant has an external_id. archived_at belongs to it because the release before archives products
-- without giving their external_key back.
CREATE UNIQUE INDEX catalog_products_external_key ON catalog_products (merchant_id, external_key, archived_at);
