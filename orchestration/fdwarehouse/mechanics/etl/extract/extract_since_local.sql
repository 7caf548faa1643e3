-- For timestamps without time zone. Local time is not monotonic: it goes back when daylight saving
-- time ends or the time zone of the server changes. The lower bound is safe because it uses the
-- smallest UTC offset and the earliest clock reading of the last extraction, of the runs since then
-- (which may have failed) and of this run.
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
'Returns the lower bound of a watermark without time zone for an extraction: the last fence minus the overlap. Arguments: the model, the run, 0 to read all, the current UTC offset of the source.';
