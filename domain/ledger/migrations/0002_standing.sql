-- How far a stream is in all projections, in one row that an act moves on; and words that go, never without a trace.

CREATE INDEX events_by_beginning ON events (topic, stream) WHERE version = 1; -- which streams of a kind there are

ALTER TABLE projected RENAME TO projected_apart;
CREATE TABLE projected (
    stream  uuid    NOT NULL PRIMARY KEY,
    kind    text    NOT NULL,
    head    integer NOT NULL,
    current text[]  NOT NULL,
    standing bigint NOT NULL GENERATED ALWAYS AS (hash_array_extended(current, 0)) STORED
) WITH (fillfactor = 60); -- an act changes `head` alone, which no index names, so that its row stays in place
CREATE INDEX projected_by_standing ON projected (kind, standing); -- small: few streams differ in `current`
COMMENT ON TABLE projected IS 'How far each stream is: the read tables whose rows are as of its version `head`. A table that is not named, or a head that is not the last event''s version, is behind. `kind` is the column by which those tables name the stream, `standing` is short for `current`.';

CREATE FUNCTION standings(of_kind text) RETURNS TABLE (standing bigint, current text[])
LANGUAGE sql STABLE ROWS 10 SET search_path = :schema, pg_temp AS $$
    WITH RECURSIVE found AS (
        (SELECT p.standing, p.current FROM projected p WHERE p.kind = of_kind ORDER BY p.standing LIMIT 1)
        UNION ALL
        SELECT more.* FROM found f CROSS JOIN LATERAL (
            SELECT p.standing, p.current FROM projected p WHERE p.kind = of_kind AND p.standing > f.standing
            ORDER BY p.standing LIMIT 1
        ) more
    )
    SELECT * FROM found
$$;
COMMENT ON FUNCTION standings IS 'The few values that `current` has among the streams of a kind, each found by one step in the index.';

INSERT INTO projected (stream, kind, head, current)
SELECT p.stream, 'case', e.head,
    coalesce(array_agg(p.projection ORDER BY p.projection COLLATE "C") FILTER (WHERE p.version = e.head), '{}')
FROM projected_apart p
CROSS JOIN LATERAL (SELECT max(version) AS head FROM events WHERE events.stream = p.stream) e
WHERE e.head IS NOT NULL GROUP BY p.stream, e.head;
DROP TABLE projected_apart;
GRANT SELECT, INSERT, UPDATE, DELETE ON projected TO :service;

CREATE FUNCTION destroy_words(of_stream uuid, of_version integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM events e
        CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb -> 'event' AS said) d
        WHERE e.stream = of_stream AND e.topic = 'words-destroyed' AND e.version > of_version
        AND (said -> 'version' = to_jsonb(of_version) OR said -> 'versions' @> to_jsonb(of_version))
    ) THEN
        RAISE EXCEPTION 'no event of stream % destroys the words of version %', of_stream, of_version;
    END IF;
    DELETE FROM words WHERE stream = of_stream AND version = of_version;
END $$;
COMMENT ON FUNCTION destroy_words IS 'Destroys an entry''s words, where a later event of its stream says that they are: words-destroyed, which names its version.';

CREATE FUNCTION destroy_key(of_stream uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM events e WHERE e.stream = of_stream AND e.topic = 'personal-data-erased') THEN
        RAISE EXCEPTION 'no event of stream % erases its words', of_stream;
    END IF;
    DELETE FROM words WHERE stream = of_stream;
    DELETE FROM keys WHERE stream = of_stream;
END $$;
COMMENT ON FUNCTION destroy_key IS 'Destroys the key of a stream''s words, and the words, where an event of the stream says so: personal-data-erased.';

REVOKE ALL ON FUNCTION destroy_words, destroy_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION destroy_words, destroy_key TO :service;
