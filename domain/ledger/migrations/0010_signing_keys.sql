-- The keys that sign the logs, one after the other. Their private halves are kept elsewhere, beside the key-encryption keys.

CREATE TABLE signing_keys (
    number      integer     NOT NULL PRIMARY KEY CHECK (number > 0),
    public      bytea       NOT NULL UNIQUE CHECK (length(public) = 32),
    made        timestamptz NOT NULL,
    retired     timestamptz CHECK (retired >= made),
    compromised boolean     NOT NULL DEFAULT false CHECK (retired IS NOT NULL OR NOT compromised),
    note        text        NOT NULL
);
CREATE UNIQUE INDEX signing_keys_current ON signing_keys ((true)) WHERE retired IS NULL;
COMMENT ON TABLE signing_keys IS 'The public keys (Ed25519) that checkpoints are verified by, for ever. One signs at most: the one that is not retired. `note` is the signed note that says since when, and what became of the key before; `compromised`, that this one vouches for nothing any more.';

GRANT SELECT ON signing_keys TO :service;
GRANT INSERT (number, public, made, note) ON signing_keys TO :service; -- none that is retired or compromised from the start

CREATE FUNCTION retire_signing_key(of_number integer, at timestamptz, is_compromised boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
BEGIN
    UPDATE signing_keys SET retired = at, compromised = is_compromised WHERE number = of_number AND retired IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the signing key % is not the current one', of_number;
    END IF;
END $$;
COMMENT ON FUNCTION retire_signing_key IS 'Notes that another signing key has come, and whether it came because somebody else had this one.';

REVOKE ALL ON FUNCTION retire_signing_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION retire_signing_key TO :service;
