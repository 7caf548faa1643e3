{#- Rendered once per source. -#}
-- Runs in the transaction of the fence, which ends before the snapshot of the data is taken.
CREATE FUNCTION {{ creates }}(p_run_id bigint, p_models text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table record;
BEGIN
    FOR v_table IN SELECT * FROM {{ source.name | ident }}.storage_now(p_models) LOOP
        INSERT INTO etl.storage AS s (model, relations)
        VALUES (v_table.model, v_table.relations)
        ON CONFLICT (model) DO UPDATE
            SET relations = excluded.relations, observed_at = clock_timestamp()
            WHERE s.relations <> excluded.relations;
        PERFORM etl.mark_unreconciled(
            p_run_id,
            ARRAY[v_table.model],
            'it was rewritten, its columns have changed, or it consists of other tables'
        )
        FROM etl.storage AS s
        WHERE s.model = v_table.model AND s.extracted_relations <> v_table.relations;
    END LOOP;
EXCEPTION WHEN undefined_table OR undefined_column OR insufficient_privilege THEN
    NULL; -- production has no view fdwarehouse.storage; `fdwarehouse status` reports that
END;
$$;
COMMENT ON FUNCTION {{ creates }} IS
'Records the files of the tables of {{ source.name }}, and marks tables as unreconciled whose files have changed since they were last read. Arguments: the run, the tables in bronze (null: all).';
