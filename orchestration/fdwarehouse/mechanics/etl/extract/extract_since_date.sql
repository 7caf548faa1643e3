-- A row whose watermark is a date may change at any time of that day.
CREATE FUNCTION etl.extract_since_date(
    p_model text, p_run_id bigint, p_since_run_id bigint, p_utc_offset interval
) RETURNS date
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT etl.extract_since_local(p_model, p_run_id, p_since_run_id, p_utc_offset)::date;
END;
COMMENT ON FUNCTION etl.extract_since_date IS
'Returns the lower bound of a watermark of type date for an extraction: the day of the last fence minus the overlap. Arguments: the model, the run, 0 to read all, the current UTC offset of the source.';
