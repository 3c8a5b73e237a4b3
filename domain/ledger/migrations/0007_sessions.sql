-- Who has signed in with a browser. A session is begun and ended; that it goes on is all that changes in it.

CREATE TABLE sessions (
    id           bytea       NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    who          text        NOT NULL,
    role         text        NOT NULL,
    organisation text,
    unit         text,
    granted      json,
    csrf         text        NOT NULL,
    idle         interval    NOT NULL CHECK (idle > '0'),
    used         timestamptz NOT NULL DEFAULT now(),
    ends         timestamptz NOT NULL
);
COMMENT ON TABLE sessions IS 'The sessions of browsers: `id` is the SHA-256 of what the cookie holds. One is over once it was not `used` for `idle`, and when it `ends`.';

GRANT SELECT, DELETE ON sessions TO :service;
GRANT INSERT (id, who, role, organisation, unit, granted, csrf, idle, ends) ON sessions TO :service;

CREATE FUNCTION session_used(of_id bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
    UPDATE sessions SET used = now() WHERE id = of_id AND least(used + idle, ends) > now()
$$;
COMMENT ON FUNCTION session_used IS 'Lets a session go on. One that was ended meanwhile stays ended.';

REVOKE ALL ON FUNCTION session_used FROM PUBLIC;
GRANT EXECUTE ON FUNCTION session_used TO :service;
