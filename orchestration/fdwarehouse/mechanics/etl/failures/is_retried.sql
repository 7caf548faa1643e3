CREATE FUNCTION etl.is_retried(p_failure etl.failure, p_attempt integer) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER -- so that the loader can call it
{{- settings.pinned() }}
AS $$
BEGIN
    RETURN CASE
        -- a lost connection, a conflict, a shutdown: the transaction is rolled back as a whole
        WHEN p_failure.error_code ~ '^(08|40|57P)' THEN p_attempt < 3
        -- a table was rewritten while it was read
        WHEN p_failure.error_code = 'DW018' THEN p_attempt < 5
        ELSE false
    END;
END;
$$;
COMMENT ON FUNCTION etl.is_retried IS
'Whether a failed transaction is retried. Arguments: the error (none: false), the number of the attempt.';
