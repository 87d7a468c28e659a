CREATE INDEX events_outbox_state ON events_outbox (state, seq)
