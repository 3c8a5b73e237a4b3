-- Who read which cases: one row a request, which stays as it was written.

CREATE TABLE reads (
    id           bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    who          text        NOT NULL,
    role         text        NOT NULL,
    organisation text,
    unit         text,
    what         text        NOT NULL,
    why          text        CHECK (length(why) <= 200),
    cases        uuid[]      NOT NULL CHECK (cardinality(cases) > 0),
    as_of        json
);
CREATE INDEX reads_by_case ON reads USING gin (cases) WITH (fastupdate = off); -- else a read in a thousand pays for all
COMMENT ON TABLE reads IS 'Who read which cases, in which capacity, when, by which operation and why; `as_of` is the moment that they asked about, null for now.';

GRANT SELECT ON reads TO :service;
GRANT INSERT (who, role, organisation, unit, what, why, cases, as_of) ON reads TO :service; -- when, the database says

CREATE FUNCTION ever_protected(of_cases uuid[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE SET search_path = :schema, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN ARRAY(
        SELECT c."case" FROM clients c JOIN events e ON e.stream = c.client
        WHERE c."case" = ANY (of_cases) AND e.topic = 'address-protected'
    );
END $$;
COMMENT ON FUNCTION ever_protected IS 'Those of the cases whose client''s address is protected or was. Planned once: that takes longer than the look.';
