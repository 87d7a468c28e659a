-- What the merchant's own programs keep with the product: a JSON object of texts, NULL when there is none. 50 keys of 40
-- characters with 500 each take more than a TEXT holds on MySQL.
ALTER TABLE catalog_products ADD COLUMN metadata MEDIUMTEXT DEFAULT NULL;
