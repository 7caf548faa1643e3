CREATE FUNCTION etl.concerns_one_table(p_error_code text, p_message text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- Errors that do not: of connections, serialization conflicts, memory, disk, cancellation, the
    -- server itself, internal errors; a run that has ended, a deploy, a source that has changed.
    SELECT
        p_error_code !~ '^(08|25|40|53|54|57|58|F0|XX|DW00[1467]|DW018)'
        -- except rows and values that are too large
        OR p_error_code = '54000'
        OR (p_error_code = 'XX000' AND p_message ~ '^invalid memory alloc request size');
END;
COMMENT ON FUNCTION etl.concerns_one_table IS
'Whether an error concerns only the table being built, so that others can still be built. Arguments: SQLSTATE, message.';
