-- For each key, the last good version at the given age stays, and every later version. A version is
-- good if no silver view over the table rejects it. A tombstone does not count: for a row that had
-- been deleted by then, its last version stays in addition, so that facts about a deleted customer
-- still find that customer.
CREATE FUNCTION etl.prune_table(p_run_id bigint, p_model text, p_older_than interval) RETURNS void
LANGUAGE plpgsql
{{- settings.pinned() }}
AS $$
DECLARE
    v_table regclass;
    v_key text;
    v_same_key text;
    v_dropped bigint;
BEGIN
    PERFORM FROM etl.pipeline_steps WHERE model = p_model FOR UPDATE;
    PERFORM {{ lock.show_step('p_model') }};
    SELECT table_name::regclass INTO STRICT v_table
    FROM etl.pipeline_steps WHERE model = p_model;
    PERFORM etl.create_deferred_indexes(v_table::text); -- a failed first load left no key

    UPDATE etl.steps SET started_at = clock_timestamp()
    WHERE run_id = p_run_id AND model = p_model;

    SELECT
        string_agg(format('b.%I', a.attname), ', '),
        string_agg(format('b.%1$I = k.%1$I', a.attname), ' AND ')
    INTO STRICT v_key, v_same_key
    FROM pg_constraint AS c
    INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND a.attnum = ANY(c.conkey)
    WHERE c.conrelid = v_table AND c.contype = 'u' AND a.attname <> '_run_id';

    EXECUTE format(
        $statement$
        WITH good_versions AS (
            SELECT
                %2$s,
                b._run_id,
                b._is_deleted
            FROM %1$s AS b
            WHERE
                b._extracted_at < now() - $1
                AND (b.tableoid, b.ctid) NOT IN (
                    SELECT
                        r.partition_id,
                        r.version
                    FROM etl.rejected_versions($2) AS r
                )
        ),

        first_kept AS (
            SELECT
                %2$s,
                coalesce(
                    max(b._run_id) FILTER (WHERE NOT b._is_deleted), max(b._run_id)
                ) AS _run_id
            FROM good_versions AS b
            GROUP BY %2$s
        ),

        dropped_rows AS (
            DELETE FROM %1$s AS b
            USING first_kept AS k
            WHERE %3$s AND b._run_id < k._run_id
            RETURNING 1
        )

        SELECT count(*) FROM dropped_rows
        $statement$,
        v_table, v_key, v_same_key
    )
    INTO v_dropped
    USING p_older_than, v_table;

    PERFORM etl.refresh_statistics(v_table::text, ROW(0, 0, 0, v_dropped, 0)::etl.row_counts);
    UPDATE etl.steps
    SET status = 'succeeded',
        rows_read = 0,
        rows_inserted = 0,
        rows_updated = 0,
        rows_deleted = v_dropped,
        rows_rejected = 0,
        finished_at = clock_timestamp()
    WHERE run_id = p_run_id AND model = p_model;

    IF v_dropped > 0 THEN -- dimensions with history are computed from all versions
        DELETE FROM etl.watermarks
        WHERE model IN (SELECT m.model FROM etl.pipeline_steps AS m WHERE m.layer = 'gold');
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.prune_table IS
'Deletes the superseded versions of a table in bronze, and makes the next run refresh gold in full. Arguments: the run, the model of bronze, the age at which history begins.';
