CREATE INDEX catalog_collections_newest ON catalog_collections (merchant_id, id);
