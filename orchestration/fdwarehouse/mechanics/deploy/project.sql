-- noqa: disable=LT05
-- The project as JSON: the rows of the tables of etl that describe it, by table. A column that is
-- missing from a row is NULL.
CREATE TEMPORARY TABLE project ON COMMIT DROP AS
SELECT {{ document }}::jsonb AS rows_by_table;
