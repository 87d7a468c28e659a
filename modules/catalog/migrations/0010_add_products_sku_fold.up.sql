-- sku_fold is the sku as other spellings of it are compared (text.Key), for a listed product. It is NULL once the product is
-- archived, where nobody has written it yet, and where another product of the merchant had the same before this was
-- unique: sku_key is unique for all of them as before.
ALTER TABLE catalog_products ADD COLUMN sku_fold VARCHAR(64) DEFAULT NULL;
