CREATE FUNCTION etl.is_retried(p_failure etl.failure, p_attempt integer) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER -- only so that the loader, who calls it, may
{{- settings.pinned() }}
AS $$
BEGIN
    RETURN CASE
        -- a lost connection, a conflict, a shutdown: what was begun is undone as a whole
        WHEN p_failure.error_code ~ '^(08|40|57P)' THEN p_attempt < 3
        -- a table was rewritten while it was read
        WHEN p_failure.error_code = 'DW018' THEN p_attempt < 5
        ELSE false
    END;
END;
$$;
COMMENT ON FUNCTION etl.is_retried IS
'Whether a transaction that has failed is tried again. Arguments: the error (none: false), which attempt it was.';
