-- xmax, of which a row has 32 bits, names the last transaction that changed or locked it, even one
-- that the snapshot does not see.
CREATE FUNCTION etl.is_changed_later(p_xmax xid) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH snapshots AS (
        SELECT
            pg_current_snapshot() AS seen,
            pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next_id,
            p_xmax::text::bigint AS short_id
    ),

    changes AS (
        SELECT
            s.seen,
            s.short_id,
            s.next_id - mod(s.next_id, 4294967296) + s.short_id
            - CASE
                WHEN s.short_id - mod(s.next_id, 4294967296) > 2147483648 THEN 4294967296
                WHEN s.short_id - mod(s.next_id, 4294967296) < -2147483648 THEN -4294967296
                ELSE 0
            END AS full_id
        FROM snapshots AS s
    )

    SELECT
        short_id <> 0
        AND full_id > 0
        AND NOT pg_visible_in_snapshot(full_id::text::xid8, seen)
    FROM changes;
END;
COMMENT ON FUNCTION etl.is_changed_later IS
'Whether a transaction that the snapshot does not see has changed or locked a row. Argument: xmax of the row.';
