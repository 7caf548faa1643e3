-- The meaning of names and values must not depend on the settings of the role that deploys.
{%- for setting, value in pins.items() %}
SET LOCAL {{ setting }} = {{ value if setting == "search_path" else value | literal }};
{%- endfor %}

-- Objects that another role created in these schemas would be called below, as the owner.
DO $$
DECLARE
    v_schema name;
BEGIN
    SELECT nspname INTO v_schema
    FROM pg_namespace
    WHERE nspname = ANY({{ schemas }}) AND NOT pg_has_role(nspowner, 'USAGE')
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'schema % does not belong to the owner', v_schema
            USING ERRCODE = 'DW017',
                DETAIL = 'Its owner can create functions there that the deploy would call.',
                HINT = format('DROP SCHEMA %I, or rename it.', v_schema);
    END IF;
END;
$$;

-- Locks the warehouse for this transaction: no step runs during a deploy, and no deploy runs while
-- a run is open.
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '1s'; -- a waiting lock request blocks all later ones
DO $$
DECLARE
    v_wait text := nullif(current_setting('fdwarehouse.deploy_wait', true), '');
    v_give_up timestamptz := clock_timestamp() + coalesce(v_wait, '10 seconds')::interval;
    v_owner_of text := coalesce( -- its name in the deployed release
        to_regproc('etl.run_owner'), to_regproc('etl.run_holder')
    )::text;
    v_query text := format($query$
        SELECT
            format('run %%s, begun at %%s by %%s', run_id, started_at, begun_by),
            CASE
                WHEN %1$s(run_id) IS NULL
                    THEN format('If no one needs it: CALL etl.abandon_run(%%s).', run_id)
            END
        FROM etl.runs
        WHERE status = 'running'
            AND (%1$s(run_id) IS NOT NULL OR lease_until > clock_timestamp())
    $query$, v_owner_of);
    v_is_ours boolean;
    v_open text;
    v_way_out text;
BEGIN
    LOOP
        IF to_regclass('etl.runs') IS NOT NULL THEN
            EXECUTE v_query INTO v_open, v_way_out; -- without the lock, which would block the run
        END IF;
        IF v_open IS NULL THEN
            BEGIN
                IF to_regclass('etl.gate') IS NOT NULL THEN
                    EXECUTE 'LOCK TABLE etl.gate IN EXCLUSIVE MODE NOWAIT';
                    v_is_ours := true;
                ELSE -- a first deploy, or an upgrade of a warehouse without a gate
                    v_is_ours := pg_try_advisory_xact_lock({{ lock.pipeline() }})
                        AND to_regclass('etl.gate') IS NULL; -- another deploy has just created it
                END IF;
                IF v_is_ours THEN
                    IF to_regclass('etl.runs') IS NOT NULL THEN
                        EXECUTE v_query INTO v_open, v_way_out;
                    END IF;
                    EXIT WHEN v_open IS NULL;
                    RAISE EXCEPTION USING ERRCODE = 'DW001'; -- releases the lock
                END IF;
            EXCEPTION WHEN SQLSTATE 'DW001' OR lock_not_available THEN
                NULL;
            END;
        END IF;
        IF clock_timestamp() > v_give_up THEN
            RAISE EXCEPTION 'the warehouse is in use: %',
                coalesce(v_open, 'a step or another deploy is running')
                USING ERRCODE = 'DW001',
                    DETAIL = coalesce(
                        (
                            SELECT
                                string_agg(
                                    DISTINCT format('Process %s of role %s.', a.pid, a.usename), ' '
                                )
                            FROM pg_locks AS l
                            INNER JOIN pg_stat_activity AS a ON l.pid = a.pid
                            WHERE l.granted
                                AND l.pid <> pg_backend_pid()
                                AND (
                                    l.relation = to_regclass('etl.gate')
                                    OR l.classid = hashtext('fdwarehouse.pipeline')::oid
                                )
                        ),
                        ''
                    ),
                    HINT = concat_ws(' ', 'Deploy when it has ended.', v_way_out);
        END IF;
        PERFORM pg_sleep(0.1);
    END LOOP;
END;
$$;
{%- if prefix %}

SELECT set_config('fdwarehouse.changed_rows_of_main', sum(c.changed_rows)::text, true) -- see etl.changed_rows_of_main
FROM (
    SELECT 0 AS changed_rows
    UNION ALL
    SELECT n_tup_ins + n_tup_upd + n_tup_del
    FROM pg_stat_xact_all_tables
    WHERE schemaname IN ('etl', 'bronze', 'silver', 'gold')
) AS c;
{%- endif %}
