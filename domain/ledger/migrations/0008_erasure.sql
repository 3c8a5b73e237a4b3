-- An erasure takes what ties the case to its client too; then the client's own words, once no case is left.

CREATE INDEX events_that_erase ON events (stream, version)
    WHERE topic IN ('personal-data-erased', 'client-data-erased');

CREATE TABLE bereft (
    client uuid NOT NULL PRIMARY KEY
);
COMMENT ON TABLE bereft IS 'Clients whose last case was erased, until their own words are: nothing says which case it was.';
GRANT SELECT ON bereft TO :service;

UPDATE receipts SET fingerprint = '' WHERE fingerprint <> ''; -- a plain hash of a short text can be guessed
COMMENT ON COLUMN receipts.fingerprint IS 'Tells the same request from another: a hash under the stream''s key, which tells nothing once that is destroyed. Empty where any will do.';

CREATE OR REPLACE FUNCTION destroy_key(of_stream uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
DECLARE
    its_client uuid;
BEGIN
    IF NOT EXISTS (
        SELECT FROM events e
        WHERE e.stream = of_stream AND e.topic IN ('personal-data-erased', 'client-data-erased')
    ) THEN
        RAISE EXCEPTION 'no event of stream % erases its words', of_stream;
    END IF;
    IF EXISTS (SELECT FROM clients WHERE client = of_stream) THEN
        RAISE EXCEPTION 'the client % has cases', of_stream;
    END IF;
    SELECT client INTO its_client FROM clients WHERE "case" = of_stream;
    PERFORM pg_advisory_xact_lock(hashtextextended('luotsi erasing ' || its_client, 0)); -- two last cases, one after the other
    DELETE FROM words WHERE stream = of_stream;
    DELETE FROM keys WHERE stream = of_stream;
    DELETE FROM clients WHERE "case" = of_stream;
    DELETE FROM bereft WHERE client = of_stream;
    INSERT INTO bereft SELECT its_client
    WHERE EXISTS (SELECT FROM keys WHERE stream = its_client)
        AND NOT EXISTS (SELECT FROM clients WHERE client = its_client)
    ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION destroy_key IS 'Destroys the key of a stream''s words, the words, and what ties a case to its client, where an event of the stream says so: personal-data-erased, or client-data-erased for a client without cases.';
