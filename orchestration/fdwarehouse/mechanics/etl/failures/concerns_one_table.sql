CREATE FUNCTION etl.concerns_one_table(p_error_code text, p_message text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- Not: a connection, a conflict, the memory or disk of a server, a cancellation, the server
    -- itself, an internal error; a run that was ended, a deploy, a source that is not what it was.
    SELECT
        p_error_code !~ '^(08|25|40|53|54|57|58|F0|XX|DW00[1467]|DW018)'
        -- but for rows and values that are too large
        OR p_error_code = '54000'
        OR (p_error_code = 'XX000' AND p_message ~ '^invalid memory alloc request size');
END;
COMMENT ON FUNCTION etl.concerns_one_table IS
'Whether an error with this SQLSTATE and message has to do with the table that was built alone, so that others can be built.';
