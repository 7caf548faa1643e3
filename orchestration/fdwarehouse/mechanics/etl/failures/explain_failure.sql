-- PostgreSQL names a constraint or a connection; the user needs to know what to do.
CREATE FUNCTION etl.explain_failure(p_failure etl.failure, p_schema text) RETURNS etl.failure
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source text;
BEGIN
    IF p_failure.error_code = '23505' AND p_schema = 'bronze' THEN -- only versions are unique there
        p_failure.error_code := 'DW014';
        p_failure.message := 'the source has duplicate keys';
        p_failure.hint := 'Specify the columns of the key in warehouse.yaml. If other tables '
            'inherit from the table, their rows are read too, unless it has inherit: only.';
    END IF;
    SELECT source_name INTO v_source
    FROM etl.pipeline_steps
    WHERE model = p_failure.model AND layer IN ('source', 'bronze');
    IF FOUND THEN
        p_failure := etl.explain_source_failure(p_failure, v_source, NULL);
        IF p_failure.error_code LIKE '08%' AND coalesce(p_failure.hint, '') = '' THEN
            p_failure.hint := format(
                'Is the server running? If its address has changed, deploy with %s_URL.',
                upper(v_source)
            );
        END IF;
        IF p_failure.error_code ~ '^(22021|22P05)' THEN
            p_failure.detail := concat_ws(
                E'\n', nullif(p_failure.detail, ''), etl.find_unreadable_text(p_failure.model)
            );
        END IF;
    END IF;
    IF p_failure.error_code = '55P03' THEN
        p_failure.message := 'the wait for a lock timed out';
        p_failure.detail := etl.locked_by(
            ARRAY[
                'etl.pipeline_steps',
                (SELECT m.table_name FROM etl.pipeline_steps AS m WHERE m.model = p_failure.model)
            ]::regclass[]
        );
        p_failure.hint := 'Wait for it' || coalesce(
            ', or SELECT pg_terminate_backend('
            || substring(p_failure.detail FROM '^Process (\d+)') || ')',
            ''
        ) || '. timeouts.lock in warehouse.yaml sets how long a step waits.';
    END IF;
    RETURN p_failure;
END;
$$;
COMMENT ON FUNCTION etl.explain_failure IS
'Rewords an error of a step so that it names the cause, and adds a hint. Arguments: the error, the schema that it names. Returns the error.';
