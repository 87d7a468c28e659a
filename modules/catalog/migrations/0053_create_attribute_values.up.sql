-- What a product has for an attribute. value is a text or a choice, number is a number in millionths, or 1 for true.
CREATE TABLE catalog_attribute_values (
    owner_id VARCHAR(40) NOT NULL,
    attribute_id VARCHAR(40) NOT NULL,
    value VARCHAR(500) NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (owner_id, attribute_id)
);
