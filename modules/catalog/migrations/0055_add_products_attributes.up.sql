-- The rows of catalog_attribute_values as a JSON object of codes and values, each value as the JSON it is shown as, so
-- that a product is read with them. NULL when there are none.
ALTER TABLE catalog_products ADD COLUMN attributes MEDIUMTEXT DEFAULT NULL;
