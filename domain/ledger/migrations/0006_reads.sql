-- Who read which cases, by the month: each in a part of its own, which goes whole once it is old enough. Why is a code.

SET LOCAL statement_timeout = 0; -- every row is written anew, once

ALTER TABLE reads RENAME TO reads_before;
ALTER INDEX reads_by_case RENAME TO reads_before_by_case;

CREATE SEQUENCE reads_ids;
CREATE TABLE reads (
    id            bigint      NOT NULL DEFAULT nextval('reads_ids'),
    at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    who           text        NOT NULL,
    role          text        NOT NULL,
    organisation  text,
    unit          text,
    relation      text,
    what          text        NOT NULL,
    via           text        NOT NULL CHECK (via IN ('http', 'command-line')),
    why           text        NOT NULL CHECK (why ~ '^[a-z_]{1,40}$'), -- no reader's own words, which an erasure would not find
    grant_purpose text,
    diary         text,
    cases         uuid[]      NOT NULL CHECK (cardinality(cases) > 0),
    as_of         json,
    CONSTRAINT reads_in_order PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE INDEX reads_by_case ON reads USING gin (cases) WITH (fastupdate = off); -- else a read in a thousand pays for all
CREATE INDEX reads_by_reader ON reads (who, at);
COMMENT ON TABLE reads IS 'Who read which cases, in which capacity and relation, when, by which operation, by which way and for which purpose; an auditor''s grant gives its own purpose and diary number. `as_of` is the moment that they asked about, null for now. A part is a month in UTC, kept for at least twelve years; then the owner may drop it whole: DROP TABLE reads_YYYY_MM.';

CREATE TABLE reads_other PARTITION OF reads DEFAULT;
COMMENT ON TABLE reads_other IS 'What was read in a month that had no part yet. It goes there once there is one.';

ALTER SEQUENCE reads_ids OWNED BY reads.id;
GRANT USAGE ON SEQUENCE reads_ids TO :service; -- the next number, never one of their choice
GRANT SELECT ON reads TO :service; -- none on its parts: nobody gets at a row but through the log itself
GRANT INSERT (who, role, organisation, unit, relation, what, via, why, grant_purpose, diary, cases, as_of) ON reads TO :service; -- when, the database says

CREATE FUNCTION reads_months_missing() RETURNS SETOF date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :schema, pg_temp SET timezone = 'UTC' AS $$
    SELECT month FROM (
        SELECT (date_trunc('month', clock_timestamp()) + make_interval(months => ahead))::date FROM generate_series(0, 3) ahead
        UNION SELECT date_trunc('month', at)::date FROM reads_other
    ) wanted (month)
    WHERE to_regclass(to_char(month, '"reads_"YYYY_MM')) IS NULL ORDER BY month DESC
$$;
COMMENT ON FUNCTION reads_months_missing IS 'Which months have no part of the log and should: this one, three ahead, and whatever was read in. The last is first: nothing has to move into it.';

CREATE FUNCTION make_reads_month(of_month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
    name CONSTANT text := to_char(of_month, '"reads_"YYYY_MM');
    next CONSTANT date := of_month + interval '1 month';
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('reads ' || current_schema(), 0));
    IF NOT EXISTS (SELECT FROM reads_months_missing() missing WHERE missing = of_month) THEN
        RETURN false;
    END IF;
    LOCK TABLE reads_other IN ACCESS EXCLUSIVE MODE; -- so that nothing of this month comes in meanwhile
    EXECUTE format('CREATE TABLE %I (LIKE reads INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format('INSERT INTO %I SELECT * FROM reads_other WHERE at >= %L AND at < %L', name, of_month, next);
    DELETE FROM reads_other WHERE at >= of_month AND at < next;
    EXECUTE format('ALTER TABLE reads ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, of_month, next);
    RETURN true;
END $$;
COMMENT ON FUNCTION make_reads_month IS 'Makes the part of the log for a month that has none and should, with what was read in it so far. Says whether it was made. Readers of the log wait meanwhile, and what is read in other months does not.';

REVOKE ALL ON FUNCTION reads_months_missing, make_reads_month FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reads_months_missing, make_reads_month TO :service;

INSERT INTO reads (id, at, who, role, organisation, unit, what, via, why, cases, as_of)
SELECT id, at, who, role, organisation, unit, what, CASE what WHEN 'Replay' THEN 'command-line' ELSE 'http' END,
    CASE role WHEN 'client' THEN 'own' WHEN 'representative' THEN 'own' WHEN 'auditor' THEN 'audit'
        WHEN 'ombudsman' THEN 'advice' WHEN 'administrator' THEN 'upkeep' WHEN 'system' THEN 'system' ELSE 'work' END,
    cases, as_of
FROM reads_before ORDER BY at, id;
SELECT setval('reads_ids', coalesce(max(id), 0) + 1, false) FROM reads;
SELECT make_reads_month(month) FROM reads_months_missing() month;
DROP TABLE reads_before;
SET LOCAL statement_timeout = DEFAULT;
