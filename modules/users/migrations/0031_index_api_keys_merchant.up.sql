CREATE INDEX users_api_keys_merchant ON users_api_keys (merchant_id, id);
