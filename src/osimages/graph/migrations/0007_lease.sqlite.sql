-- What only one of several processes does at a time: who does it, and until when it counts (milliseconds since 1970).
CREATE TABLE lease (
  name TEXT NOT NULL,
  holder TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (name)
);
