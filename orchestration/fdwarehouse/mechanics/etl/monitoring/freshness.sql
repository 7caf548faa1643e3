-- A run reads everything that production had committed before its fence. What all tables together
-- show is therefore as old as the oldest fence that one of them was built from.
CREATE VIEW etl.freshness AS
WITH RECURSIVE edges AS MATERIALIZED (
    SELECT
        r.table_name AS upstream,
        m.table_name AS downstream
    FROM etl.pipeline_steps AS m
    CROSS JOIN unnest(m.reads) AS r (table_name)
    WHERE m.layer IN ('silver', 'gold')
),

tables_of_sources AS (
    SELECT
        source_name,
        table_name
    FROM etl.pipeline_steps
    WHERE layer = 'bronze' AND interval_between IS NULL
    UNION
    SELECT
        t.source_name,
        e.downstream
    FROM tables_of_sources AS t
    INNER JOIN edges AS e ON t.table_name = e.upstream
),

oldest_tables AS (
    SELECT DISTINCT ON (t.source_name)
        t.source_name,
        t.table_name,
        w.run_id
    FROM tables_of_sources AS t
    INNER JOIN etl.watermarks AS w ON t.table_name = w.model
    INNER JOIN etl.pipeline_steps AS m ON t.table_name = m.model
    ORDER BY t.source_name, w.run_id, m.position
),

fences_of_oldest AS (
    SELECT
        o.*,
        f.fence,
        r.started_at,
        -- The clock of the source may differ from that of the warehouse. The fence is -infinity if
        -- a prepared transaction held it back in the first run: it may have begun at any time.
        CASE
            WHEN isfinite(f.fence)
                THEN f.fence + (coalesce(f.asked_at, f.observed_at) - f.observed_at)
        END AS as_of
    FROM oldest_tables AS o
    INNER JOIN etl.fences AS f
        ON o.source_name = f.source_name
            AND f.run_id = (
                SELECT max(l.run_id)
                FROM etl.fences AS l
                WHERE l.source_name = o.source_name AND l.run_id <= o.run_id
            )
    INNER JOIN etl.runs AS r ON f.run_id = r.run_id
)

SELECT
    s.source_name,
    o.run_id,
    o.table_name AS oldest_table,
    o.fence,
    o.as_of,
    statement_timestamp() - o.as_of AS age,
    s.fresh_within,
    CASE
        WHEN o.as_of IS NOT NULL THEN o.as_of + s.fresh_within
        WHEN s.fresh_within IS NOT NULL THEN o.started_at
    END AS late_since,
    CASE
        WHEN o.as_of IS NOT NULL THEN statement_timestamp() - o.as_of > s.fresh_within
        ELSE o.run_id IS NOT NULL AND s.fresh_within IS NOT NULL
    END IS TRUE AS is_late
FROM etl.sources AS s
LEFT JOIN fences_of_oldest AS o ON s.source_name = o.source_name;
COMMENT ON VIEW etl.freshness IS
'How old the data of each source is: the age of the fence that the table was built from which is furthest behind, among the tables of bronze that are read from the source and all tables downstream of them. A run that fails, or that is in progress, does not make it younger. Grain: one source.';
COMMENT ON COLUMN etl.freshness.source_name IS 'The source.';
COMMENT ON COLUMN etl.freshness.run_id IS
'The last run that brought all tables up to date: the oldest of their watermarks. Null: none was ever built.';
COMMENT ON COLUMN etl.freshness.oldest_table IS 'A table that no later run has brought up to date.';
COMMENT ON COLUMN etl.freshness.fence IS
'The fence of that run: the tables have all that was committed before it. Clock of the source.';
COMMENT ON COLUMN etl.freshness.as_of IS 'The same, clock of the warehouse. Null: not known, as the fence is -infinity.';
COMMENT ON COLUMN etl.freshness.age IS 'The time since as_of.';
COMMENT ON COLUMN etl.freshness.fresh_within IS
'The age that warehouse.yaml allows; null: nothing is promised.';
COMMENT ON COLUMN etl.freshness.late_since IS 'Since when, or from when on, it is older than that; if as_of is not known, the start of the run.';
COMMENT ON COLUMN etl.freshness.is_late IS 'Whether it is older than that, or may be.';
