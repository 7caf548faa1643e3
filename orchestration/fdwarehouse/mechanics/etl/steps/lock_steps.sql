-- A step can still be running after its client has disconnected. Wait for these steps and for those
-- whose rows they read. All sessions take the locks in the same order.
CREATE FUNCTION etl.lock_steps(p_models text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_last etl.pipeline_steps;
    v_reads text[];
    v_model text;
BEGIN
    SELECT * INTO v_last
    FROM etl.pipeline_steps
    WHERE model = ANY(p_models)
    ORDER BY position DESC
    LIMIT 1;
    v_reads := ARRAY(
        SELECT r.table_name
        FROM etl.pipeline_steps AS m
        CROSS JOIN unnest(m.reads) AS r (table_name)
        WHERE m.model = ANY(p_models)
    );
    FOR v_model IN
        SELECT model
        FROM etl.pipeline_steps
        WHERE model = ANY(p_models)
            OR (position < v_last.position AND (layer <> v_last.layer OR model = ANY(v_reads)))
        ORDER BY position
    LOOP
        IF v_model = ANY(p_models) THEN
            PERFORM FROM etl.pipeline_steps WHERE model = v_model FOR UPDATE;
        ELSE
            PERFORM FROM etl.pipeline_steps WHERE model = v_model FOR SHARE;
        END IF;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.lock_steps IS
'Locks models of one layer until the transaction ends, and keeps those from being built that they read: all of the layers before, and their upstream tables in the same layer. Argument: the models.';
