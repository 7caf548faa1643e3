-- For time stamps without time zone. Local time is no clock: it goes back when summer time ends or
-- the server's time zone is changed. The smallest of the offsets then, now and in the runs between,
-- which may have failed, is before all of them; so is the earliest that the clock showed.
CREATE FUNCTION etl.extract_since_local(
    p_model text, p_run_id bigint, p_since_run_id bigint, p_utc_offset interval
) RETURNS timestamp
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(
        (
            SELECT
                (least(w.fence, min(f.observed_at)) AT TIME ZONE 'UTC')
                + least(w.utc_offset, min(f.utc_offset), p_utc_offset)
                - s.overlap
            FROM etl.watermarks AS w
            INNER JOIN etl.pipeline_steps AS m ON w.model = m.model
            INNER JOIN etl.sources AS s ON m.source_name = s.source_name
            INNER JOIN etl.fences AS f
                ON m.source_name = f.source_name AND w.run_id < f.run_id AND p_run_id >= f.run_id
            WHERE w.model = p_model AND w.fence IS NOT NULL AND p_since_run_id > 0
            GROUP BY w.model, s.source_name
        ),
        '-infinity'
    );
END;
COMMENT ON FUNCTION etl.extract_since_local IS
'From which watermark on a bronze table must be read: its last fence less the overlap of its source. Arguments: the model, the run, 0 to read all, the offset of the source from UTC now.';
