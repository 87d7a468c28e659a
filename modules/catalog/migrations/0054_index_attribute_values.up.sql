CREATE INDEX catalog_attribute_values_value ON catalog_attribute_values (attribute_id, value);
