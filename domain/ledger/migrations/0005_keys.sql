-- The key-encryption keys, one after the other: which one wraps, and which are destroyed.

CREATE TABLE keks (
    id        uuid        NOT NULL PRIMARY KEY,
    proof     bytea       CHECK (length(proof) = 32),
    made      timestamptz,
    retired   timestamptz CHECK (made IS NOT NULL OR retired IS NULL),
    destroyed timestamptz CHECK (retired IS NOT NULL OR destroyed IS NULL)
);
CREATE UNIQUE INDEX keks_coming ON keks ((true)) WHERE made IS NULL;
CREATE UNIQUE INDEX keks_current ON keks ((true)) WHERE made IS NOT NULL AND retired IS NULL;
COMMENT ON TABLE keks IS 'The key-encryption keys: one is current at most, made and not retired, and new keys are wrapped under it alone. The keys themselves are kept elsewhere. `proof` tells whether a key is the one that it is said to be; without `made` it is coming.';

INSERT INTO keks (id, made) -- the one from before they had names
SELECT '00000000-0000-0000-0000-000000000000', coalesce((SELECT min(recorded) FROM events), now())
WHERE EXISTS (SELECT FROM keys);

GRANT SELECT ON keks TO :service;

CREATE FUNCTION kek_of(wrapped bytea) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN length(wrapped) = 40 THEN '00000000-0000-0000-0000-000000000000'
        ELSE encode(substring(wrapped FROM 2 FOR 16), 'hex') END::uuid
$$;
COMMENT ON FUNCTION kek_of IS 'The key-encryption key under which a key is wrapped: what is wrapped names it.';

CREATE FUNCTION wraps(of_kek uuid) RETURNS boolean
LANGUAGE plpgsql SET search_path = :schema, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('luotsi wrapping ' || current_schema(), 0));
    RETURN EXISTS (SELECT FROM keks WHERE id = of_kek AND proof IS NOT NULL AND retired IS NULL); -- as of now
END $$;
COMMENT ON FUNCTION wraps IS 'Whether this key-encryption key is current. It stays so until the transaction ends: whoever retires it waits.';

CREATE FUNCTION coming_kek(new uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
BEGIN
    INSERT INTO keks (id) VALUES (new) ON CONFLICT DO NOTHING;
    RETURN (SELECT id FROM keks WHERE made IS NULL);
END $$;
COMMENT ON FUNCTION coming_kek IS 'Says which key-encryption key is coming: this one, unless another is.';

CREATE FUNCTION prove_kek(of_kek uuid, its_proof bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
    UPDATE keks SET proof = its_proof WHERE id = of_kek AND proof IS NULL AND made IS NOT NULL
$$;
COMMENT ON FUNCTION prove_kek IS 'Notes how to tell the key-encryption key from before they had names.';

CREATE FUNCTION change_kek(new uuid, its_proof bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('luotsi wrapping ' || current_schema(), 0));
    IF EXISTS (SELECT FROM keks WHERE id = new AND proof = its_proof) THEN
        RETURN; -- another process was here first
    END IF;
    UPDATE keks SET retired = clock_timestamp() WHERE made IS NOT NULL AND retired IS NULL;
    UPDATE keks SET made = clock_timestamp(), proof = its_proof WHERE id = new AND made IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the key-encryption key % is not coming', new;
    END IF;
END $$;
COMMENT ON FUNCTION change_kek IS 'Makes the key-encryption key that is coming the current one, once nobody is wrapping under the one before.';

CREATE FUNCTION rewrap_key(of_stream uuid, old bytea, new bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
BEGIN
    IF NOT wraps(kek_of(new)) THEN
        RETURN false;
    END IF;
    UPDATE keys SET wrapped = new WHERE stream = of_stream AND wrapped = old;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION rewrap_key IS 'Puts a stream''s key, wrapped anew under the current key-encryption key, in the place of the old: if that still stands there.';

CREATE FUNCTION kek_destroyed(of_kek uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM keys WHERE kek_of(wrapped) = of_kek) THEN
        RAISE EXCEPTION 'keys are wrapped under %', of_kek;
    END IF;
    UPDATE keks SET destroyed = clock_timestamp() WHERE id = of_kek AND retired IS NOT NULL AND destroyed IS NULL;
END $$;
COMMENT ON FUNCTION kek_destroyed IS 'Notes that a key-encryption key is destroyed, under which nothing is wrapped any more.';

REVOKE ALL ON FUNCTION coming_kek, prove_kek, change_kek, rewrap_key, kek_destroyed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION coming_kek, prove_kek, change_kek, rewrap_key, kek_destroyed TO :service;
