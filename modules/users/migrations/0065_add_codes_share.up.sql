-- Which share of the letters of its address this one was: 'first', 'known' or 'more'; empty in rows of before, which count as 'more'.
ALTER TABLE users_codes ADD COLUMN share VARCHAR(8) NOT NULL DEFAULT '';
