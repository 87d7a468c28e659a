CREATE INDEX catalog_attributes_merchant ON catalog_attributes (merchant_id, id);
