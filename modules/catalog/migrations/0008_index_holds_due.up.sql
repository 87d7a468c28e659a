CREATE INDEX catalog_holds_due ON catalog_holds (state, expires_at);
