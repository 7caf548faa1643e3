CREATE FUNCTION etl.rejected_versions(p_table regclass)
RETURNS TABLE (partition_id oid, version tid)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_view regclass;
BEGIN
    FOR v_view IN
        WITH RECURSIVE readers (reader) AS (
            SELECT p_table::oid
            UNION
            SELECT r.ev_class
            FROM readers
            INNER JOIN pg_depend AS d
                ON d.classid = 'pg_rewrite'::regclass
                    AND d.refclassid = 'pg_class'::regclass
                    AND readers.reader = d.refobjid
            INNER JOIN pg_rewrite AS r ON d.objid = r.oid
        )

        SELECT a.attrelid
        FROM readers
        INNER JOIN pg_attribute AS a ON readers.reader = a.attrelid
        WHERE a.attname = 'reject_reasons'
            AND EXISTS ( -- but not views over these views
                SELECT FROM pg_attribute AS p
                WHERE p.attrelid = readers.reader AND p.attname = '_partition'
            )
    LOOP
        RETURN QUERY
        EXECUTE format(
            $query$SELECT _partition, _version FROM %s WHERE reject_reasons <> '{}'$query$, v_view
        );
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.rejected_versions IS
'Returns the physical location of the versions in a bronze table that a silver view over it rejects. Argument: the table. Grain: one version.';
