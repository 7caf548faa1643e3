-- noqa: disable=LT02,LT05
-- What is there now, who may do what, and what this deploy consisted of.
MERGE INTO etl.sources AS t
USING (
    VALUES
    {%- for s in sources %}
    ({{ s.name | literal }}, {{ s.source_system | literal }}, {{ s.fence | literal }}, {{ s.lookback | literal }}::interval, {{ s.overlap | literal }}::interval, {{ s.warn_after | literal }}::interval, {{ s.time_zone | literal }}::text, {{ s.local_time_zone | literal }}){{ "," if not loop.last }}
    {%- endfor %}
) AS s (
    source_name, source_system, fence, lookback, overlap, warn_after, time_zone, contract_time_zone
)
ON t.source_name = s.source_name
WHEN NOT MATCHED THEN
    INSERT (
        source_name,
        source_system,
        fence,
        lookback,
        overlap,
        warn_after,
        time_zone,
        contract_time_zone
    )
    VALUES (
        s.source_name,
        s.source_system,
        s.fence,
        s.lookback,
        s.overlap,
        s.warn_after,
        s.time_zone,
        s.contract_time_zone
    )
WHEN MATCHED AND (t.*) IS DISTINCT FROM (s.*) THEN
    UPDATE SET
        source_system = s.source_system,
        fence = s.fence,
        lookback = s.lookback,
        overlap = s.overlap,
        warn_after = s.warn_after,
        time_zone = s.time_zone,
        contract_time_zone = s.contract_time_zone
WHEN NOT MATCHED BY SOURCE THEN DELETE;

DELETE FROM etl.source_columns;
INSERT INTO etl.source_columns (
    source_name, table_name, column_name, type, source_type, key_position, is_watermark
)
VALUES
{%- for s in sources %}
{%- set is_last_source = loop.last %}
{%- for t in s.tables %}
{%- set is_last_table = loop.last %}
{%- for c in t.contract_columns %}
({{ s.name | literal }}, {{ t.name | literal }}, {{ c.name | literal }}, {{ c.type | literal }}, {{ c.source_type | literal }}, {{ c.key_position or "NULL" }}, {{ (c.name == t.watermark) | lower }}){{ "," if not (is_last_source and is_last_table and loop.last) }}
{%- endfor %}
{%- endfor %}
{%- endfor %};

-- A model that is built in another way, or not any more, has come nowhere: the next run computes it
-- anew and writes what differs.
DELETE FROM etl.watermarks AS w
WHERE NOT EXISTS (
    SELECT
    FROM (
        VALUES
        {%- for m in models %}
        ({{ m.model | literal }}, {{ m.checksum | literal }}){{ "," if not loop.last }}
        {%- endfor %}
    ) AS s (model, checksum)
    INNER JOIN etl.models AS m ON s.model = m.model AND s.checksum = m.checksum
    WHERE s.model = w.model
);

MERGE INTO etl.models AS t
USING (
    VALUES
    {%- for m in models %}
    ({{ m.model | literal }}, {{ m.layer | literal }}, {{ m.table_name | literal }}, {{ m.source_name | literal }}::text, {{ m.writer | literal }}, {{ m.interval_between | literal }}::interval, {{ m.checksum | literal }}, {{ loop.index }}){{ "," if not loop.last }}
    {%- endfor %}
) AS s (model, layer, table_name, source_name, writer, interval_between, checksum, position)
ON t.model = s.model
WHEN NOT MATCHED THEN
    INSERT (model, layer, table_name, source_name, writer, interval_between, checksum, position)
    VALUES (
        s.model,
        s.layer,
        s.table_name,
        s.source_name,
        s.writer,
        s.interval_between,
        s.checksum,
        s.position
    )
WHEN MATCHED AND (t.*) IS DISTINCT FROM (s.*) THEN
    UPDATE SET
        layer = s.layer,
        table_name = s.table_name,
        source_name = s.source_name,
        writer = s.writer,
        interval_between = s.interval_between,
        checksum = s.checksum,
        position = s.position
WHEN NOT MATCHED BY SOURCE THEN DELETE;

MERGE INTO etl.checks AS t
USING (
    {%- if checks %}
    VALUES
    {%- for c in checks %}
    ({{ c.name | literal }}, {{ c.layer | literal }}, {{ c.severity | literal }}, {{ c.scope | literal }}, {{ c.description | literal }}){{ "," if not loop.last }}
    {%- endfor %}
    {%- else %}
    SELECT NULL, NULL, NULL, NULL, NULL WHERE false
    {%- endif %}
) AS s (check_name, layer, severity, scope, description)
ON t.check_name = s.check_name
WHEN NOT MATCHED THEN
    INSERT (check_name, layer, severity, scope, description)
    VALUES (s.check_name, s.layer, s.severity, s.scope, s.description)
WHEN MATCHED AND (t.*) IS DISTINCT FROM (s.*) THEN
    UPDATE SET layer = s.layer, severity = s.severity, scope = s.scope, description = s.description
WHEN NOT MATCHED BY SOURCE THEN DELETE;

-- Everything is closed, then opened for those who need it. Roles that do not exist are passed over:
-- bootstrap makes them.
DO $$
DECLARE
    v_routine record;
    v_schema text;
    v_role text;
BEGIN
    FOREACH v_schema IN ARRAY {{ schemas }}::text[] LOOP
        EXECUTE format('REVOKE ALL ON ALL ROUTINES IN SCHEMA %I FROM public', v_schema);
    END LOOP;

    -- The loader and the orchestrator may CALL: procedures, and the functions that give them the
    -- owner's rights.
    FOR v_role IN
        SELECT rolname FROM pg_roles WHERE rolname IN ('warehouse_loader', 'warehouse_orchestrator')
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA etl, bronze, silver, gold TO %I', v_role);
        FOR v_routine IN
            SELECT oid::regprocedure AS signature
            FROM pg_proc
            WHERE pronamespace = ANY('{etl,bronze,silver,gold}'::regnamespace[])
                AND (prokind = 'p' OR prosecdef)
        LOOP
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', v_routine.signature, v_role);
        END LOOP;
    END LOOP;

    IF to_regrole('warehouse_orchestrator') IS NOT NULL THEN
        GRANT SELECT ON ALL TABLES IN SCHEMA etl, bronze, silver, gold TO warehouse_orchestrator;
    END IF;
    IF to_regrole('warehouse_analyst') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA gold TO warehouse_analyst;
        GRANT SELECT ON ALL TABLES IN SCHEMA gold TO warehouse_analyst;
        FOR v_routine IN
            SELECT oid::regprocedure AS signature
            FROM pg_proc
            WHERE pronamespace = 'gold'::regnamespace
                AND prokind = 'f'
                AND provolatile <> 'v' -- it only reads, as the analyst
                AND NOT prosecdef
        LOOP
            EXECUTE format(
                'GRANT EXECUTE ON FUNCTION %s TO warehouse_analyst', v_routine.signature
            );
        END LOOP;
    END IF;
END;
$$;
