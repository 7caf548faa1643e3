-- Completes what deploy/project.sql says of the tables by what PostgreSQL knows: their columns and
-- comments, and the tables and views that are written by hand. Then it marks the columns whose
-- values come from masked ones.
-- noqa: disable=AM04,LT02
CREATE TEMPORARY TABLE described_tables ON COMMIT DROP AS
WITH tables_of_files AS (
    SELECT t.*
    FROM pg_temp.project AS p
    CROSS JOIN LATERAL jsonb_populate_recordset(
        NULL::etl.tables, p.rows_by_table -> 'etl.tables'
    ) AS t
),

tables_written_by_hand AS (
    SELECT
        w ->> 'table_name' AS table_name,
        w ->> 'writer' AS writer,
        array(SELECT jsonb_array_elements_text(w -> 'reads')) AS reads
    FROM pg_temp.project AS p
    CROSS JOIN jsonb_array_elements(p.rows_by_table -> 'written_by_hand') AS w
)

SELECT
    d.*,
    to_regclass(d.table_name)::oid AS relation,
    w.writer,
    w.reads
FROM tables_of_files AS d
LEFT JOIN tables_written_by_hand AS w ON d.table_name = w.table_name
WHERE to_regclass(d.table_name) IS NOT NULL;

UPDATE described_tables AS t
SET
    description = obj_description(t.relation, 'pg_class'),
    grain = substring(obj_description(t.relation, 'pg_class') FROM 'Grain: ([^.]*)'),
    key_columns = array(
        SELECT a.attname::text
        FROM pg_index AS i
        CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (number, position)
        INNER JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND k.number = a.attnum
        WHERE i.indrelid = t.relation AND i.indisprimary
        ORDER BY k.position
    )
WHERE t.reads IS NOT NULL;

CREATE TEMPORARY TABLE described_columns ON COMMIT DROP AS
WITH columns_of_files AS (
    SELECT c.*
    FROM pg_temp.project AS p
    CROSS JOIN LATERAL jsonb_populate_recordset(
        NULL::etl.columns, p.rows_by_table -> 'etl.columns'
    ) AS c
)

SELECT
    t.table_name,
    a.attname::text AS column_name,
    (row_number() OVER (PARTITION BY t.table_name ORDER BY a.attnum))::smallint AS position,
    CASE -- a unit is in the comment as well
        WHEN d.description IS NULL AND d.unit IS NULL THEN col_description(t.relation, a.attnum)
        ELSE d.description
    END AS description,
    d.unit,
    coalesce(d.tests, '[]') AS tests,
    d.references_table,
    coalesce(d.is_masked, false) AS is_masked
FROM described_tables AS t
INNER JOIN pg_attribute AS a ON t.relation = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN columns_of_files AS d
    ON t.table_name = d.table_name AND a.attname = d.column_name;

CREATE TEMPORARY TABLE described_lineage ON COMMIT DROP AS
SELECT l.*
FROM pg_temp.project AS p
CROSS JOIN LATERAL jsonb_populate_recordset(
    NULL::etl.column_lineage, p.rows_by_table -> 'etl.column_lineage'
) AS l;

-- What is written by hand has no tree. A view reads the columns on which it depends, a writer those
-- of the tables that it names whose names are in its text. One with the name of a column of the
-- table is taken for its origin: `SELECT *` does not name it.
CREATE TEMPORARY TABLE read_columns ON COMMIT DROP AS
SELECT DISTINCT
    t.table_name,
    d.refobjid AS relation,
    a.attnum AS number,
    a.attname::text AS column_name,
    NULL::text AS body
FROM described_tables AS t
INNER JOIN pg_rewrite AS w ON t.relation = w.ev_class
INNER JOIN pg_depend AS d
    ON w.oid = d.objid
        AND d.classid = 'pg_rewrite'::regclass
        AND d.refclassid = 'pg_class'::regclass
        AND t.relation <> d.refobjid
INNER JOIN pg_attribute AS a
    ON d.refobjid = a.attrelid
        AND (d.refobjsubid = a.attnum OR pg_get_viewdef(t.relation) LIKE '%.*%') -- a whole row
WHERE t.kind = 'view' AND t.reads IS NOT NULL AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT
    t.table_name,
    a.attrelid,
    a.attnum,
    a.attname,
    body
FROM described_tables AS t
INNER JOIN pg_proc AS f ON to_regproc(t.writer) = f.oid
CROSS JOIN LATERAL pg_get_functiondef(f.oid) AS body
INNER JOIN described_tables AS r ON r.table_name = ANY(t.reads)
INNER JOIN pg_attribute AS a ON r.relation = a.attrelid
WHERE
    a.attnum > 0
    AND NOT a.attisdropped
    AND NOT starts_with(a.attname, '_')
    AND (
        a.attname = ANY(regexp_split_to_array(body, '\W+'))
        OR EXISTS (
            SELECT FROM described_columns AS c
            WHERE t.table_name = c.table_name AND a.attname = c.column_name
        )
    );

-- Of a column of a view that is a column of a table, PostgreSQL stores which one it is. Where parts
-- of the query have columns of the same name in the same place, it counts only if all are the same.
CREATE TEMPORARY TABLE origins_of_views ON COMMIT DROP AS
SELECT
    t.table_name,
    a.attname::text AS column_name,
    min(found.entry[2])::oid AS relation,
    min(found.entry[3])::smallint AS number
FROM described_tables AS t
INNER JOIN pg_rewrite AS w ON t.relation = w.ev_class AND w.rulename = '_RETURN'
INNER JOIN pg_attribute AS a ON t.relation = a.attrelid AND a.attnum > 0
CROSS JOIN LATERAL regexp_matches(
    w.ev_action::text,
    format(
        ':resno %s :resname ((?:\\.|[^\s\\])+) :ressortgroupref \d+ '
        ':resorigtbl (\d+) :resorigcol (\d+) ',
        a.attnum
    ),
    'g'
) AS found (entry)
WHERE
    t.kind = 'view'
    AND t.reads IS NOT NULL
    AND regexp_replace(found.entry[1], '\\(.)', '\1', 'g') = a.attname
GROUP BY t.table_name, a.attname
HAVING count(DISTINCT found.entry[2] || '.' || found.entry[3]) = 1 AND min(found.entry[2]) <> '0';

-- A column of a writer that has the name of one that is read is certain, unless an alias gives it
-- that name.
CREATE TEMPORARY TABLE lineage_by_hand ON COMMIT DROP AS
SELECT
    c.table_name,
    c.column_name,
    format('%I.%I', s.nspname, r.relname) AS from_table,
    d.column_name AS from_column,
    CASE
        WHEN o.relation IS NULL THEN c.column_name = d.column_name
        ELSE o.relation = d.relation AND o.number = d.number
    END AS is_origin,
    o.relation IS NOT NULL
    OR (
        d.body IS NOT NULL
        AND bool_or(c.column_name = d.column_name) OVER (
            PARTITION BY c.table_name, c.column_name
        )
        AND d.body !~* format(
            '\mAS\s+"?%s"?(\W|$)', regexp_replace(c.column_name, '(\W)', '\\\1', 'g')
        )
    ) AS is_certain
FROM read_columns AS d
INNER JOIN pg_class AS r ON d.relation = r.oid
INNER JOIN pg_namespace AS s ON r.relnamespace = s.oid
INNER JOIN described_columns AS c ON d.table_name = c.table_name
LEFT JOIN origins_of_views AS o
    ON c.table_name = o.table_name AND c.column_name = o.column_name
WHERE d.body IS NULL OR NOT starts_with(c.column_name, '_');

INSERT INTO described_lineage (table_name, column_name, from_table, from_column, kind)
SELECT
    table_name,
    column_name,
    from_table,
    from_column,
    CASE WHEN is_origin THEN 'direct' ELSE 'indirect' END
FROM lineage_by_hand
WHERE NOT starts_with(column_name, '_');

-- A column whose origin is not certain may have the values of each column that is read. So may one
-- that reads the foreign table of a masked column.
WITH RECURSIVE carried AS (
    SELECT
        table_name,
        column_name,
        from_table,
        from_column
    FROM described_lineage
    WHERE kind = 'direct'
    UNION
    SELECT
        table_name,
        column_name,
        from_table,
        from_column
    FROM lineage_by_hand
    WHERE is_origin OR NOT is_certain
),

masked_columns AS (
    SELECT
        table_name,
        column_name
    FROM described_columns
    WHERE is_masked
    UNION
    SELECT
        l.from_table,
        l.from_column
    FROM described_columns AS c
    INNER JOIN described_tables AS t ON c.table_name = t.table_name AND t.layer = 'bronze'
    INNER JOIN carried AS l ON c.table_name = l.table_name AND c.column_name = l.column_name
    WHERE c.is_masked
    UNION
    SELECT
        l.table_name,
        l.column_name
    FROM masked_columns AS m
    INNER JOIN carried AS l ON m.table_name = l.from_table AND m.column_name = l.from_column
)

UPDATE described_columns AS c
SET is_masked = true
FROM masked_columns AS m
WHERE c.table_name = m.table_name AND c.column_name = m.column_name AND NOT c.is_masked;

UPDATE pg_temp.project
SET rows_by_table = rows_by_table - 'written_by_hand' || jsonb_build_object(
    'etl.tables',
    (
        SELECT coalesce(jsonb_agg(to_jsonb(t) - '{relation,writer,reads}'::text[]), '[]')
        FROM described_tables AS t
    ),
    'etl.columns', (SELECT coalesce(jsonb_agg(to_jsonb(c)), '[]') FROM described_columns AS c),
    'etl.column_lineage',
    (SELECT coalesce(jsonb_agg(to_jsonb(l)), '[]') FROM described_lineage AS l)
);
