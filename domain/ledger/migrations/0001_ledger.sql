-- The ledger of one region: a schema. The service may add to it and read it; what is appended is never changed.

CREATE TABLE events (
    stream   uuid        NOT NULL,
    version  integer     NOT NULL CHECK (version > 0),
    topic    text        NOT NULL,
    occurred timestamptz NOT NULL,
    recorded timestamptz NOT NULL,
    bytes    bytea       NOT NULL,
    hash     bytea       NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (stream, version)
);
COMMENT ON TABLE events IS 'What happened. The hash is over the region, stream, version, previous hash and bytes; topic, occurred and recorded are copies of what stands in the bytes.';

CREATE TABLE words (
    stream     uuid    NOT NULL,
    version    integer NOT NULL,
    ciphertext bytea   NOT NULL,
    PRIMARY KEY (stream, version)
);
COMMENT ON TABLE words IS 'The free text of an event, under its entry key. The event holds the SHA-256 of the ciphertext.';

CREATE TABLE keys (
    stream  uuid  NOT NULL PRIMARY KEY,
    wrapped bytea NOT NULL
);
COMMENT ON TABLE keys IS 'The key of each stream''s words, wrapped by the key-encryption key.';

CREATE TABLE clients (
    "case" uuid NOT NULL PRIMARY KEY,
    client uuid NOT NULL
);
CREATE INDEX clients_by_client ON clients (client);
COMMENT ON TABLE clients IS 'Whose case it is. This table, and not the log, ties cases to clients.';

CREATE TABLE receipts (
    command     uuid    NOT NULL PRIMARY KEY,
    stream      uuid    NOT NULL,
    first       integer NOT NULL,
    last        integer NOT NULL,
    fingerprint bytea   NOT NULL
);
COMMENT ON TABLE receipts IS 'What each command came to: versions first to last, none where last < first.';

CREATE TABLE outbox (
    stream   uuid        NOT NULL,
    version  integer     NOT NULL,
    recorded timestamptz NOT NULL,
    PRIMARY KEY (stream, version)
);
COMMENT ON TABLE outbox IS 'Events that wait for their position.';

CREATE TABLE sequence (
    position bigint  NOT NULL PRIMARY KEY,
    stream   uuid    NOT NULL,
    version  integer NOT NULL,
    UNIQUE (stream, version)
);
COMMENT ON TABLE sequence IS 'The dense order in which subscribers read events: 1, 2, 3 and none missing.';

CREATE TABLE log_state (
    id       boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (id),
    position bigint  NOT NULL,
    epoch    integer NOT NULL
);
INSERT INTO log_state (position, epoch) VALUES (0, 1);
COMMENT ON TABLE log_state IS 'How far the sequence has come. Its row lock is the fence between sequencers.';

CREATE TABLE projected (
    stream     uuid    NOT NULL,
    projection text    NOT NULL,
    version    integer NOT NULL,
    head       integer NOT NULL,
    PRIMARY KEY (stream, projection)
) WITH (fillfactor = 60); -- every act updates its rows in place: no index names what changes, so that it can
COMMENT ON TABLE projected IS 'How far each stream is in each projection, and how far it should be.';

GRANT USAGE ON SCHEMA :schema TO :service;
GRANT SELECT, INSERT ON events, words, keys, clients, receipts, sequence TO :service;
GRANT SELECT, INSERT, DELETE ON outbox TO :service;
GRANT SELECT, UPDATE ON log_state TO :service;
GRANT SELECT, INSERT, UPDATE, DELETE ON projected TO :service;
GRANT SELECT ON migrations TO :service;
