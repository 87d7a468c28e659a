CREATE INDEX events_owed_destination ON events_owed (destination, seq)
