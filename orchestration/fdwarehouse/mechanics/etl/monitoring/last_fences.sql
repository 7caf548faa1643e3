CREATE VIEW etl.last_fences AS
SELECT
    s.source_name,
    s.source_system,
    s.fence AS wanted_kind,
    s.lookback,
    s.warn_after,
    f.run_id,
    f.kind,
    f.fence,
    f.observed_at,
    f.asked_at,
    f.running_since,
    f.held_by,
    f.held_since,
    f.observed_at - f.held_since AS held_for,
    coalesce(f.observed_at - f.held_since > s.warn_after, false) AS is_held_too_long
FROM etl.sources AS s
INNER JOIN etl.fences AS f
    ON s.source_name = f.source_name
        AND f.run_id = (
            SELECT max(l.run_id) FROM etl.fences AS l WHERE l.source_name = s.source_name
        );
COMMENT ON VIEW etl.last_fences IS
'The last fence of each source, as its run saw it: what held it back may have ended since. Grain: one source whose fence was read.';
COMMENT ON COLUMN etl.last_fences.source_name IS 'The source.';
COMMENT ON COLUMN etl.last_fences.source_system IS 'The system, as rows in bronze name it.';
COMMENT ON COLUMN etl.last_fences.wanted_kind IS 'The kind of fence that warehouse.yaml asks for.';
COMMENT ON COLUMN etl.last_fences.lookback IS 'How far a fence of kind lookback stays behind the clock.';
COMMENT ON COLUMN etl.last_fences.warn_after IS 'For how long the fence may be held back.';
COMMENT ON COLUMN etl.last_fences.run_id IS 'The run that read it.';
COMMENT ON COLUMN etl.last_fences.kind IS 'The kind of fence that it is, see etl.fences.';
COMMENT ON COLUMN etl.last_fences.fence IS 'All that was committed before it was read. Clock of the source.';
COMMENT ON COLUMN etl.last_fences.observed_at IS 'When it was read, clock of the source.';
COMMENT ON COLUMN etl.last_fences.asked_at IS 'The same, clock of the warehouse; null: not known.';
COMMENT ON COLUMN etl.last_fences.running_since IS
'When the server of the source was started, clock of the source; null: not known.';
COMMENT ON COLUMN etl.last_fences.held_by IS 'What held it back, or why it is only a lookback.';
COMMENT ON COLUMN etl.last_fences.held_since IS 'Since when, clock of the source.';
COMMENT ON COLUMN etl.last_fences.held_for IS 'How long it had been held back when it was read.';
COMMENT ON COLUMN etl.last_fences.is_held_too_long IS 'Whether that is longer than warn_after.';
