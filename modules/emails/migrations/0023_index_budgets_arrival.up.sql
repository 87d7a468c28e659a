CREATE INDEX emails_budgets_arrival ON emails_budgets (arrival)
