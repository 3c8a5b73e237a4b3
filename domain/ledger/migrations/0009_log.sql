-- What an auditor checks the ledger by: trees over what was appended, signed checkpoints, and what restores have lost.

CREATE TABLE trees (
    log  text   NOT NULL PRIMARY KEY CHECK (log IN ('events', 'reads', 'heads')),
    size bigint NOT NULL DEFAULT 0
);
INSERT INTO trees (log) VALUES ('events'), ('reads'), ('heads');
COMMENT ON TABLE trees IS 'The Merkle trees (RFC 9162) and how many entries each has. `heads` is made anew each day, the others only grow.';

CREATE TABLE tiles (
    log    text     NOT NULL,
    level  smallint NOT NULL,
    place  bigint   NOT NULL,
    hashes bytea    NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY (log, level, place)
);
ALTER TABLE tiles ALTER hashes SET STORAGE EXTERNAL; -- hashes do not get smaller
COMMENT ON TABLE tiles IS 'The trees as C2SP tlog-tiles: 256 hashes a tile, of leaves on level 0, of whole tiles of the level below above it. The last of a level has fewer.';

CREATE FUNCTION grow_tree(
    of_log text, was bigint, now bigint, levels smallint[], places bigint[], had integer[], more bytea[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
DECLARE
    extended bigint;
BEGIN
    UPDATE trees SET size = now WHERE log = of_log AND size = was AND now > was;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the tree of % has not % entries', of_log, was USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO tiles (log, level, place, hashes)
    SELECT of_log, s.level, s.place, s.more FROM unnest(levels, places, had, more) AS s(level, place, had, more) WHERE s.had = 0;
    UPDATE tiles t SET hashes = t.hashes || s.more FROM unnest(levels, places, had, more) AS s(level, place, had, more)
    WHERE s.had > 0 AND t.log = of_log AND t.level = s.level AND t.place = s.place AND length(t.hashes) = 32 * s.had;
    GET DIAGNOSTICS extended = ROW_COUNT;
    IF extended <> (SELECT count(*) FROM unnest(had) AS h(had) WHERE h.had > 0) THEN
        RAISE EXCEPTION 'the tiles of % are not as its tree of % entries has them', of_log, was;
    END IF;
END $$;
COMMENT ON FUNCTION grow_tree IS 'Adds hashes behind those that are there, and can do nothing else to a tree.';

CREATE FUNCTION clear_heads() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
    DELETE FROM tiles WHERE log = 'heads';
    UPDATE trees SET size = 0 WHERE log = 'heads'
$$;
COMMENT ON FUNCTION clear_heads IS 'Empties the tree over the heads, which is made anew each day.';

CREATE TABLE checkpoints (
    log   text        NOT NULL CHECK (log IN ('events', 'reads')),
    epoch integer     NOT NULL,
    size  bigint      NOT NULL,
    root  bytea       NOT NULL CHECK (length(root) = 32),
    at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    note  text        NOT NULL,
    PRIMARY KEY (log, epoch, size)
);
COMMENT ON TABLE checkpoints IS 'The checkpoints that were published, as signed notes. There are never two of one size.';

CREATE TABLE epochs (
    epoch  integer     NOT NULL PRIMARY KEY CHECK (epoch > 1),
    opened timestamptz NOT NULL,
    note   text        NOT NULL
);
COMMENT ON TABLE epochs IS 'When a restore had lost something that was published: the signed note on what was kept and what was published.';

REVOKE ALL ON FUNCTION grow_tree, clear_heads FROM PUBLIC;
GRANT EXECUTE ON FUNCTION grow_tree, clear_heads TO :service;
GRANT SELECT ON trees, tiles, checkpoints, epochs TO :service;
GRANT INSERT (log, epoch, size, root, note) ON checkpoints TO :service; -- when, the database says
GRANT INSERT ON epochs TO :service;
