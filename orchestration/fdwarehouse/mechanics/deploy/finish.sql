{%- macro names(list) -%}
ARRAY[{{ list | map("literal") | join(", ") }}]::text[]
{%- endmacro -%}
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

DELETE FROM etl.range_partitions;
{%- if partitions %}
INSERT INTO etl.range_partitions (table_name, every, dates_table, dates_column)
VALUES
{%- for table, choice in partitions.items() %}
({{ table | literal }}, {{ choice.every | literal }}, {{ choice.dates_table | literal }}, {{ choice.dates_column | literal }}){{ "," if not loop.last }}
{%- endfor %};
DO $do$
BEGIN
    PERFORM etl.require_range_partitions();
END;
$do$;
{%- endif %}

-- A model that is built in another way, or not any more, has come nowhere: the next run computes it
-- anew and writes what differs.
WITH kept_models AS (
    SELECT s.model
    FROM (
        VALUES
        {%- for m in models %}
        ({{ m.model | literal }}, {{ m.checksum | literal }}){{ "," if not loop.last }}
        {%- endfor %}
    ) AS s (model, checksum)
    INNER JOIN etl.models AS m ON s.model = m.model AND s.checksum = m.checksum
),

forgotten_chunks AS (
    DELETE FROM etl.chunks
    WHERE model NOT IN (SELECT k.model FROM kept_models AS k)
)

DELETE FROM etl.watermarks
WHERE model NOT IN (SELECT k.model FROM kept_models AS k);

MERGE INTO etl.models AS t
USING (
    VALUES
    {%- for m in models %}
    ({{ m.model | literal }}, {{ m.layer | literal }}, {{ m.table_name | literal }}, {{ m.source_name | literal }}::text, {{ m.writer | literal }}, {{ m.interval_between | literal }}::interval, {{ m.checksum | literal }}, {{ loop.index }}, {{ names(m.reads) }}, {{ m.loads_chunks | lower }}){{ "," if not loop.last }}
    {%- endfor %}
) AS s (model, layer, table_name, source_name, writer, interval_between, checksum, position, reads, loads_chunks)
ON t.model = s.model
WHEN NOT MATCHED THEN
    INSERT (model, layer, table_name, source_name, writer, interval_between, checksum, position, reads, loads_chunks)
    VALUES (
        s.model,
        s.layer,
        s.table_name,
        s.source_name,
        s.writer,
        s.interval_between,
        s.checksum,
        s.position,
        s.reads,
        s.loads_chunks
    )
WHEN MATCHED AND (t.*) IS DISTINCT FROM (s.*) THEN
    UPDATE SET
        layer = s.layer,
        table_name = s.table_name,
        source_name = s.source_name,
        writer = s.writer,
        interval_between = s.interval_between,
        checksum = s.checksum,
        position = s.position,
        reads = s.reads,
        loads_chunks = s.loads_chunks
WHEN NOT MATCHED BY SOURCE THEN DELETE;

MERGE INTO etl.checks AS t
USING (
    {%- if checks %}
    VALUES
    {%- for c in checks %}
    ({{ c.name | literal }}, {{ c.layer | literal }}, {{ c.severity | literal }}, {{ c.scope | literal }}, {{ c.description | literal }}, {{ names(c.reads) }}){{ "," if not loop.last }}
    {%- endfor %}
    {%- else %}
    SELECT NULL, NULL, NULL, NULL, NULL, NULL WHERE false
    {%- endif %}
) AS s (check_name, layer, severity, scope, description, reads)
ON t.check_name = s.check_name
WHEN NOT MATCHED THEN
    INSERT (check_name, layer, severity, scope, description, reads)
    VALUES (s.check_name, s.layer, s.severity, s.scope, s.description, s.reads)
WHEN MATCHED AND (t.*) IS DISTINCT FROM (s.*) THEN
    UPDATE SET
        layer = s.layer,
        severity = s.severity,
        scope = s.scope,
        description = s.description,
        reads = s.reads
WHEN NOT MATCHED BY SOURCE THEN DELETE;

-- What is the owner's is closed, then opened for those who need it. Roles that do not exist are passed
-- over: bootstrap makes them.
DO $$
DECLARE
    v_command text;
BEGIN
    FOR v_command IN
        WITH routines AS (
            SELECT
                nspname,
                p.oid::regprocedure AS signature,
                prokind = 'p' OR prosecdef AS is_called,
                -- what is told a run is for writers: it reads more than gold
                prokind = 'f' AND provolatile <> 'v' AND NOT prosecdef
                AND ('p_after_run_id' = ANY(proargnames)) IS NOT TRUE AS only_reads
            FROM pg_proc AS p
            INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
            WHERE nspname = ANY({{ schemas }}) AND pg_has_role(proowner, 'USAGE')
        ),

        tables AS (
            SELECT nspname, c.oid::regclass AS name
            FROM pg_class AS c
            INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
            WHERE nspname = ANY('{etl,bronze,silver,gold}')
                AND relkind IN ('r', 'p', 'v', 'm')
                AND NOT relispartition -- who may read a table reads its partitions through it
                AND pg_has_role(relowner, 'USAGE')
        ),

        commands AS (
            SELECT 1 AS position, 'public' AS role, format('REVOKE ALL ON ROUTINE %s FROM', signature) AS command
            FROM routines
            UNION ALL
            -- The loader and the orchestrator may CALL: procedures, and the functions that give
            -- them the owner's rights.
            SELECT 2, role, 'GRANT USAGE ON SCHEMA etl, bronze, silver, gold TO'
            FROM unnest('{warehouse_loader,warehouse_orchestrator}'::text[]) AS role
            UNION ALL
            SELECT 2, role, format('GRANT EXECUTE ON ROUTINE %s TO', signature)
            FROM routines, unnest('{warehouse_loader,warehouse_orchestrator}'::text[]) AS role
            WHERE is_called AND nspname IN ('etl', 'bronze', 'silver', 'gold')
            UNION ALL
            SELECT 2, 'warehouse_orchestrator', format('GRANT SELECT ON %s TO', name)
            FROM tables
            UNION ALL
            SELECT 2, 'warehouse_analyst', 'GRANT USAGE ON SCHEMA gold TO'
            UNION ALL
            SELECT 2, 'warehouse_analyst', format('GRANT SELECT ON %s TO', name)
            FROM tables
            WHERE nspname = 'gold'
            UNION ALL
            SELECT 2, 'warehouse_analyst', format('GRANT EXECUTE ON ROUTINE %s TO', signature)
            FROM routines
            WHERE nspname = 'gold' AND only_reads
        )

        SELECT command || ' ' || role
        FROM commands
        WHERE role = 'public' OR to_regrole(role) IS NOT NULL
        ORDER BY position
    LOOP
        EXECUTE v_command;
    END LOOP;
END;
$$;

-- What the project reads by name, in a schema of its own choice, must be nobody else's to replace.
DO $$
DECLARE
    v_schema text;
    v_object text;
BEGIN
    SELECT n.nspname, pg_describe_object(d.refclassid, d.refobjid, 0) INTO v_schema, v_object
    FROM pg_depend AS d
    INNER JOIN (
        SELECT 'pg_proc'::regclass AS classid, p.oid AS objid
        FROM pg_proc AS p
        INNER JOIN pg_namespace AS s ON p.pronamespace = s.oid
        WHERE s.nspname = ANY({{ schemas }})
        UNION ALL
        SELECT 'pg_rewrite'::regclass, r.oid
        FROM pg_rewrite AS r
        INNER JOIN pg_class AS c ON r.ev_class = c.oid
        INNER JOIN pg_namespace AS s ON c.relnamespace = s.oid
        WHERE s.nspname = ANY({{ schemas }})
        UNION ALL
        SELECT v.classid, v.objid
        FROM pg_class AS c
        INNER JOIN pg_namespace AS s ON c.relnamespace = s.oid
        CROSS JOIN LATERAL (
            SELECT 'pg_class'::regclass AS classid, c.oid AS objid -- columns, and those of indexes
            UNION ALL
            SELECT 'pg_attrdef'::regclass, oid FROM pg_attrdef WHERE adrelid = c.oid
            UNION ALL
            SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE conrelid = c.oid
            UNION ALL
            SELECT 'pg_trigger'::regclass, oid FROM pg_trigger WHERE tgrelid = c.oid
            UNION ALL
            SELECT 'pg_policy'::regclass, oid FROM pg_policy WHERE polrelid = c.oid
            UNION ALL
            SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext WHERE stxrelid = c.oid
        ) AS v
        WHERE s.nspname = ANY({{ schemas }})
    ) AS ours ON d.classid = ours.classid AND d.objid = ours.objid
    INNER JOIN (
        SELECT 'pg_proc'::regclass AS classid, oid AS objid, pronamespace AS schema_id FROM pg_proc
        UNION ALL
        SELECT 'pg_operator'::regclass, oid, oprnamespace FROM pg_operator
        UNION ALL
        SELECT 'pg_class'::regclass, oid, relnamespace FROM pg_class
        UNION ALL
        SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
        UNION ALL
        SELECT 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
        UNION ALL
        SELECT 'pg_opclass'::regclass, oid, opcnamespace FROM pg_opclass
        UNION ALL
        SELECT 'pg_opfamily'::regclass, oid, opfnamespace FROM pg_opfamily
    ) AS used ON d.refclassid = used.classid AND d.refobjid = used.objid
    INNER JOIN pg_namespace AS n ON used.schema_id = n.oid
    WHERE pg_temp.who_may_create(n.nspname) IS NOT NULL
    ORDER BY 1, 2
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% may make objects in schema %, which the project reads',
            pg_temp.who_may_create(v_schema), v_schema
            USING ERRCODE = 'DW017',
                DETAIL = format('It reads %s there.', v_object),
                HINT = format(
                    'REVOKE CREATE ON SCHEMA %I FROM them, or move what is read elsewhere.', v_schema
                );
    END IF;
END;
$$;
