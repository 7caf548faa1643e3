-- The rows of a transaction are not visible before it commits, but its locks are: a running step
-- holds the lock of its model.
CREATE VIEW etl.progress AS
WITH last_run AS (
    SELECT max(run_id) AS run_id FROM etl.runs
),

held_steps AS (
    SELECT
        s.run_id,
        s.model,
        row_number() OVER (
            PARTITION BY l.pid ORDER BY s.position DESC
        ) = 1 AS is_last_of_its_transaction
    FROM etl.steps AS s
    INNER JOIN last_run AS r ON s.run_id = r.run_id
    INNER JOIN pg_locks AS l
        ON {{ lock.is_shown_by_worker('l') | indent(12) }}
            AND l.classid = hashtext('fdwarehouse.step')::oid
            AND l.objid = hashtext(s.model)::oid
            AND l.objsubid = 2
    WHERE s.status = 'pending'
)

SELECT
    s.run_id,
    s.position,
    s.layer,
    s.model,
    CASE
        WHEN h.is_last_of_its_transaction THEN 'running'
        WHEN h.model IS NOT NULL THEN 'written'
        ELSE s.status
    END AS state,
    s.rows_read,
    s.rows_inserted,
    s.rows_updated,
    s.rows_deleted,
    s.rows_rejected,
    s.started_at,
    s.duration,
    s.error
FROM etl.steps AS s
INNER JOIN last_run AS r ON s.run_id = r.run_id
LEFT JOIN held_steps AS h ON s.run_id = h.run_id AND s.model = h.model;
COMMENT ON VIEW etl.progress IS
'The steps of the last run and their present state: pending, running, written (done, in a transaction that is still open), succeeded, failed, rolled_back, skipped or abandoned. Grain: one step.';
