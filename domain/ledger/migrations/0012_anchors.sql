-- What others have said about our checkpoints: when one was there, and that it goes on from those before.

CREATE TABLE stamps (
    log       text        NOT NULL,
    epoch     integer     NOT NULL,
    size      bigint      NOT NULL,
    authority text        NOT NULL,
    token     bytea       NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (log, epoch, size, authority)
);
CREATE INDEX stamps_by_authority ON stamps (log, epoch, authority, size);
COMMENT ON TABLE stamps IS 'Time stamps (RFC 3161, DER) over the SHA-256 of a checkpoint''s text, by the authority''s address. `at` is the time that the authority vouches for.';

CREATE TABLE cosignatures (
    log     text        NOT NULL,
    epoch   integer     NOT NULL,
    size    bigint      NOT NULL,
    witness text        NOT NULL,
    line    text        NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (log, epoch, size, witness)
);
CREATE INDEX cosignatures_by_witness ON cosignatures (log, epoch, witness, size);
COMMENT ON TABLE cosignatures IS 'Witnesses'' signature lines (C2SP cosignature/v1) for checkpoints, by the witness''s name. `at` is the time that the witness vouches for.';

GRANT SELECT, INSERT ON stamps, cosignatures TO :service;
