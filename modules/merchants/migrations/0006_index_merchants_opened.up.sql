CREATE INDEX merchants_merchants_opened ON merchants_merchants (opened_by, status)
