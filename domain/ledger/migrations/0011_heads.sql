-- The head of every stream, as it was sealed last; and the order of the log of reads.

CREATE TABLE heads (
    stream  uuid    NOT NULL PRIMARY KEY,
    version integer NOT NULL
);
COMMENT ON TABLE heads IS 'The last event of each stream as of the `events` of heads_state: what the tree of heads is over. Made of the sequence, and made anew of it where the two differ.';

CREATE TABLE heads_state (
    id      boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (id),
    version integer NOT NULL,
    events  bigint  NOT NULL
);
INSERT INTO heads_state (version, events) VALUES (0, 0);
COMMENT ON TABLE heads_state IS 'Of which heads-sealed event, by its version in the stream of the log, the tree of heads is, and over how many events; 0 before the first. Its row lock lets one at a time make the tree.';

CREATE TABLE reads_sequence (
    position bigint      NOT NULL PRIMARY KEY,
    at       timestamptz NOT NULL,
    id       bigint      NOT NULL,
    salt     uuid        NOT NULL DEFAULT gen_random_uuid(),
    UNIQUE (at, id)
);
COMMENT ON TABLE reads_sequence IS 'The dense order of the log of reads: 1, 2, 3 and none missing. Without the salt, which nobody is shown, a read can''t be guessed from its entry. A read keeps its place when its row moves into the part of its month, and when that part is dropped.';

CREATE TABLE reads_state (
    id       boolean     NOT NULL PRIMARY KEY DEFAULT true CHECK (id),
    position bigint      NOT NULL,
    looked   timestamptz NOT NULL
);
INSERT INTO reads_state (position, looked) VALUES (0, 'epoch');
COMMENT ON TABLE reads_state IS 'How far the order of reads has come, and up to when it was looked for reads that had no place: what comes to light later was read later, but for the time that a transaction takes. Its row lock is the fence between those who give places.';

GRANT SELECT, INSERT, UPDATE, DELETE ON heads TO :service;
GRANT SELECT, UPDATE ON heads_state, reads_state TO :service;
GRANT SELECT, INSERT ON reads_sequence TO :service;
