-- Letters that were not written, by recipient, template, reason and day (of Unix time): an audit log that strangers cannot make longer
-- than that.
CREATE TABLE emails_withheld (
  recipient VARCHAR(320) NOT NULL,
  template VARCHAR(40) NOT NULL,
  reason VARCHAR(20) NOT NULL,
  day INTEGER NOT NULL,
  letters INTEGER NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (recipient, template, reason, day)
)
