-- Prepares a deployment beside the main one, whose bronze it reads. It keeps a deploy of the main
-- deployment out until this one ends, and requires that bronze is what the project says.
DO $$
DECLARE
    v_problem text;
BEGIN
    IF to_regclass('{{ main_etl }}.gate') IS NULL THEN
        RAISE EXCEPTION 'there is no main deployment in database %', current_database()
            USING ERRCODE = 'DW024',
                HINT = 'Deploy it first, without --env; or give the environment a database of its own, without schema_prefix.';
    END IF;
    LOCK TABLE {{ main_etl }}.gate IN ROW SHARE MODE;

    SELECT format('%s is %s', coalesce(here.migration, main.migration), CASE
        WHEN here.migration IS NULL THEN 'new there' ELSE 'missing there'
    END) INTO v_problem
    FROM (SELECT migration, checksum FROM etl.migrations WHERE migration LIKE 'fdwarehouse/%') AS here
    FULL JOIN (
        SELECT migration, checksum FROM {{ main_etl }}.migrations WHERE migration LIKE 'fdwarehouse/%'
    ) AS main USING (migration, checksum)
    WHERE here.migration IS NULL OR main.migration IS NULL
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the main deployment is of another release of fdwarehouse'
            USING ERRCODE = 'DW024',
                DETAIL = format('Migration %s.', v_problem),
                HINT = 'Deploy both with the same release, the main deployment first.';
    END IF;

    SELECT format('%s.%s.%s', c.source_name, c.table_name, c.column_name) INTO v_problem
    FROM jsonb_populate_recordset(NULL::{{ main_etl }}.source_columns, {{ columns }}) AS c
    WHERE NOT EXISTS (
        SELECT FROM {{ main_etl }}.source_columns AS m
        WHERE
            (m.source_name, m.table_name, m.column_name) = (c.source_name, c.table_name, c.column_name)
            AND (m.type, m.source_type, m.key_position, m.mask)
            IS NOT DISTINCT FROM (c.type, c.source_type, c.key_position, c.mask)
    )
    ORDER BY 1
    LIMIT 1;
    IF NOT FOUND THEN
        SELECT 'the time zone of ' || c.source_name INTO v_problem
        FROM jsonb_populate_recordset(NULL::{{ main_etl }}.sources, {{ sources_of_main }}) AS c
        WHERE NOT EXISTS (
            SELECT FROM {{ main_etl }}.sources AS m
            WHERE m.source_name = c.source_name AND m.contract_time_zone = c.contract_time_zone
        )
        LIMIT 1;
    END IF;
    IF v_problem IS NOT NULL THEN
        RAISE EXCEPTION 'the main deployment extracts other tables or columns than the project says'
            USING ERRCODE = 'DW024',
                DETAIL = format('%s is missing there, or has another type, key or mask.', v_problem),
                HINT = 'Deploy warehouse.yaml and contracts/ to the main deployment first, or give the environment a database of its own, without schema_prefix.';
    END IF;
END;
$$;

CREATE TABLE IF NOT EXISTS etl.followed_deployment (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    run_id bigint NOT NULL,
    deployed_as oid NOT NULL
);
COMMENT ON TABLE etl.followed_deployment IS
'The main deployment, as the last run here found it. Grain: one row.';
COMMENT ON COLUMN etl.followed_deployment.only_row IS 'True.';
COMMENT ON COLUMN etl.followed_deployment.run_id IS
'That run: all runs of the main deployment with a lower number had ended.';
COMMENT ON COLUMN etl.followed_deployment.deployed_as IS
'A routine of the main deployment: every deploy creates it again.';
