CREATE TABLE etl.tables (
    table_name text PRIMARY KEY,
    layer text NOT NULL,
    kind text NOT NULL,
    file text,
    description text,
    grain text,
    key_columns text[] NOT NULL,
    tags text[] NOT NULL,
    select_text text,
    is_incremental boolean NOT NULL,
    maintenance text NOT NULL,
    source_name text,
    source_table text,
    CONSTRAINT tables_layer_known CHECK (layer IN ('bronze', 'silver', 'gold')),
    CONSTRAINT tables_kind_known
    CHECK (kind IN ('raw', 'mirror', 'table', 'dimension', 'view', 'by_hand'))
);
COMMENT ON TABLE etl.tables IS
'What deploy knows about the tables and views of bronze, silver and gold that a user reads. Grain: one table or view. Written by deploy.';
COMMENT ON COLUMN etl.tables.table_name IS 'With its schema, quoted where needed; the name of its step in etl.pipeline_steps.';
COMMENT ON COLUMN etl.tables.layer IS 'bronze, silver or gold.';
COMMENT ON COLUMN etl.tables.kind IS
'raw: versions of the rows of a table of a source; mirror: a table of silver that no file describes; table, dimension, view: one SELECT; by_hand: a table with a writer that is written by hand.';
COMMENT ON COLUMN etl.tables.file IS 'The file of the project that defines or writes it; null: none does.';
COMMENT ON COLUMN etl.tables.description IS 'What its rows are, from its header or its comment.';
COMMENT ON COLUMN etl.tables.grain IS 'What one row is.';
COMMENT ON COLUMN etl.tables.key_columns IS 'The columns that identify a row, in their order; none if that is not known.';
COMMENT ON COLUMN etl.tables.tags IS 'The tags in its header.';
COMMENT ON COLUMN etl.tables.select_text IS 'Its SELECT as it is written in its file; null: it is not one SELECT.';
COMMENT ON COLUMN etl.tables.is_incremental IS 'Whether a run computes only what a change affects.';
COMMENT ON COLUMN etl.tables.maintenance IS 'How it is kept up, and if it is computed in full, why.';
COMMENT ON COLUMN etl.tables.source_name IS 'Of a table of bronze: its source.';
COMMENT ON COLUMN etl.tables.source_table IS
'Of a table of bronze: the table of the source, named as in its contract and in etl.source_columns.';

CREATE TABLE etl.columns (
    table_name text NOT NULL,
    column_name text NOT NULL,
    position smallint NOT NULL,
    description text,
    unit text,
    tests jsonb NOT NULL,
    references_table text,
    is_masked boolean NOT NULL,
    PRIMARY KEY (table_name, column_name)
);
COMMENT ON TABLE etl.columns IS
'What deploy knows about the columns of the tables in etl.tables. Grain: one column. Written by deploy.';
COMMENT ON COLUMN etl.columns.table_name IS 'As in etl.tables.';
COMMENT ON COLUMN etl.columns.column_name IS 'As in pg_attribute, not quoted. Names that begin with _ are those of the engine.';
COMMENT ON COLUMN etl.columns.position IS 'Place in the table, from 1.';
COMMENT ON COLUMN etl.columns.description IS 'What a value says, from its header or its comment.';
COMMENT ON COLUMN etl.columns.unit IS 'Unit of the values, such as EUR.';
COMMENT ON COLUMN etl.columns.tests IS
'What is promised of the values: an array of objects with test (not_null, unique, accepted_values, check or references), severity, and where it applies values, condition, to, and check_name: the check in etl.checks that tests it; without one a constraint does.';
COMMENT ON COLUMN etl.columns.references_table IS 'The table whose key it holds.';
COMMENT ON COLUMN etl.columns.is_masked IS
'Whether it is masked or its values are computed from those of a masked column: it is not to be shown.';

CREATE TABLE etl.column_lineage (
    table_name text NOT NULL,
    column_name text NOT NULL,
    from_table text NOT NULL,
    from_column text NOT NULL,
    kind text NOT NULL,
    PRIMARY KEY (table_name, column_name, from_table, from_column),
    CONSTRAINT column_lineage_kind_known CHECK (kind IN ('direct', 'indirect'))
);
CREATE INDEX column_lineage_from ON etl.column_lineage (from_table, from_column);
COMMENT ON TABLE etl.column_lineage IS
'From which columns each column of etl.columns comes, one step back. Grain: one column and one that it comes from. Written by deploy.';
COMMENT ON COLUMN etl.column_lineage.table_name IS 'As in etl.tables.';
COMMENT ON COLUMN etl.column_lineage.column_name IS 'As in etl.columns.';
COMMENT ON COLUMN etl.column_lineage.from_table IS
'The table that is read: one of etl.tables, for bronze the foreign table of a source, or any other.';
COMMENT ON COLUMN etl.column_lineage.from_column IS 'Its column, not quoted.';
COMMENT ON COLUMN etl.column_lineage.kind IS
'direct: the value is computed from it; indirect: it only decides which rows there are, or in which groups or order. A column that does both is direct.';
