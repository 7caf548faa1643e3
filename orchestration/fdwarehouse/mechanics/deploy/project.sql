-- noqa: disable=LT05
-- What the project consists of: the rows of the tables of etl that describe it, by table. A column
-- that a row does not name is NULL.
CREATE TEMPORARY TABLE project ON COMMIT DROP AS
SELECT {{ document }}::jsonb AS rows_by_table;
