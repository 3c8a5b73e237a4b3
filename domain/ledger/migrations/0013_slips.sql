-- The slips that were made of cases, and which of them were taken back. Who holds a code is told who answers now.

CREATE TABLE slips (
    slip         uuid        NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
    "case"       uuid        NOT NULL,
    begins       text        NOT NULL CHECK (length(begins) = 4),
    proof        bytea       NOT NULL CHECK (length(proof) = 32),
    made         timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires      timestamptz NOT NULL,
    protected    boolean     NOT NULL,
    who          text        NOT NULL,
    role         text        NOT NULL,
    organisation text,
    unit         text
);
CREATE INDEX slips_by_beginning ON slips (begins);
CREATE INDEX slips_by_case ON slips ("case", made);
COMMENT ON TABLE slips IS 'The slips, who made each and when. `begins` are the first four of the twenty signs of its code, `proof` a hash of all of them under a key that follows from that of the case''s words, and is gone with it; the code itself is nowhere. `protected` says that the client''s address was protected then.';

CREATE TABLE slips_revoked (
    slip         uuid        NOT NULL PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    who          text        NOT NULL,
    role         text        NOT NULL,
    organisation text,
    unit         text
);
COMMENT ON TABLE slips_revoked IS 'The slips whose code counts no longer before it has expired, and who took each back.';

GRANT SELECT ON slips, slips_revoked TO :service;
GRANT INSERT ("case", begins, proof, expires, protected, who, role, organisation, unit) ON slips TO :service; -- when, the database says
GRANT INSERT (slip, who, role, organisation, unit) ON slips_revoked TO :service;
