-- What names and values mean is decided here, and not by the settings of who deploys.
{%- for setting, value in pins.items() %}
SET LOCAL {{ setting }} = {{ value if setting == "search_path" else value | literal }};
{%- endfor %}

-- What others made under the names of ours would be called below, as the owner.
DO $$
DECLARE
    v_schema name;
BEGIN
    SELECT nspname INTO v_schema
    FROM pg_namespace
    WHERE nspname = ANY({{ schemas }}) AND NOT pg_has_role(nspowner, 'USAGE')
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'schema % is not the owner''s', v_schema
            USING ERRCODE = 'DW017',
                DETAIL = 'Whoever made it can put functions there that the deploy would call.',
                HINT = format('DROP SCHEMA %I, or give it another name.', v_schema);
    END IF;
END;
$$;

-- Takes the warehouse for this transaction: no step runs while it is deployed, no deploy while a
-- run is open.
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '1s'; -- who waits for a lock makes all wait that come after
DO $$
DECLARE
    v_wait text := nullif(current_setting('fdwarehouse.deploy_wait', true), '');
    v_give_up timestamptz := clock_timestamp() + coalesce(v_wait, '10 seconds')::interval;
    v_owner_of text := coalesce( -- as it is called in the release that is deployed
        to_regproc('etl.run_owner'), to_regproc('etl.run_holder')
    )::text;
    v_query text := format($query$
        SELECT
            format('run %%s, begun at %%s by %%s', run_id, started_at, begun_by),
            CASE
                WHEN %1$s(run_id) IS NULL
                    THEN format('If it has been given up: CALL etl.abandon_run(%%s).', run_id)
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
            EXECUTE v_query INTO v_open, v_way_out; -- a look without the lock, which would stop the run
        END IF;
        IF v_open IS NULL THEN
            BEGIN
                IF to_regclass('etl.gate') IS NOT NULL THEN
                    EXECUTE 'LOCK TABLE etl.gate IN EXCLUSIVE MODE NOWAIT';
                    v_is_ours := true;
                ELSE -- a first deploy, or one over a warehouse that knew no gate
                    v_is_ours := pg_try_advisory_xact_lock({{ lock.pipeline() }})
                        AND to_regclass('etl.gate') IS NULL; -- another deploy made it meanwhile
                END IF;
                IF v_is_ours THEN
                    IF to_regclass('etl.runs') IS NOT NULL THEN
                        EXECUTE v_query INTO v_open, v_way_out;
                    END IF;
                    EXIT WHEN v_open IS NULL;
                    RAISE EXCEPTION USING ERRCODE = 'DW001'; -- gives the lock back
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
