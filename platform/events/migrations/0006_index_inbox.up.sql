CREATE INDEX events_inbox_next ON events_inbox (state, next_at)
