-- What only one of several processes does at a time: who does it, and until when it counts (milliseconds since 1970).
CREATE TABLE lease (
  name TEXT COLLATE "C" NOT NULL,
  holder TEXT COLLATE "C" NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (name)
);
