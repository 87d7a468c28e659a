CREATE INDEX catalog_holds_network ON catalog_holds (network, state);
