-- Only what is counted is in it, so a hold that is paid for leaves it.
CREATE INDEX catalog_holds_network ON catalog_holds (network) WHERE state = 'held' AND network <> '';
