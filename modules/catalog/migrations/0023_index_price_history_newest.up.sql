CREATE INDEX catalog_price_history_newest ON catalog_price_history (variant_id, to_at);
