-- Who only reads: a role that sees, of the read tables, the rows that a reader may see. It can change nothing.

GRANT USAGE ON SCHEMA :schema TO :reader;
GRANT SELECT (kind, current, standing) ON projected TO :reader; -- so that a list can say how many cases are behind
GRANT EXECUTE ON FUNCTION standings TO :reader;
