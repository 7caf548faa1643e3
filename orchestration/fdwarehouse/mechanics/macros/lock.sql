{#- Mutual exclusion uses locks on rows and tables of etl, which only code of the owner can take:
      etl.gate     ROW SHARE by every transaction of a run, EXCLUSIVE by a deploy,
                   SHARE UPDATE EXCLUSIVE to begin or join a run
      etl.runs     the row, FOR KEY SHARE to work on the run, FOR UPDATE to end it
      etl.pipeline_steps   the row, FOR UPDATE by the step, FOR SHARE by steps downstream of it
    Advisory locks only show which sessions are at work: they are released when a process ends, and
    every session sees them. No session waits for one, and those of roles that may not run the
    warehouse are ignored. -#}

{#- Releases without a gate held this lock shared in their steps: an upgrade must exclude them. -#}
{%- macro pipeline() %}hashtext('fdwarehouse.pipeline'), 0{% endmacro -%}

{#- Shows that a step is running, until its transaction ends. -#}
{%- macro show_step(model) -%}
pg_try_advisory_xact_lock(hashtext('fdwarehouse.step'), hashtext({{ model }}))
{%- endmacro -%}

{#- Whether a row of pg_locks is such a lock of this database, held by a session that may run the
    warehouse. -#}
{%- macro is_shown_by_worker(l) -%}
{{ l }}.locktype = 'advisory'
AND {{ l }}.granted
AND {{ l }}.database = (
    SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()
)
AND EXISTS (
    SELECT FROM pg_stat_activity AS a
    WHERE a.pid = {{ l }}.pid AND has_schema_privilege(a.usesysid, {{ (prefix ~ 'etl') | literal }}, 'USAGE')
)
{%- endmacro -%}

{#- Whether a row of pg_locks is the advisory lock of a run. -#}
{%- macro is_sign_of_life(l, key) -%}
{{ l }}.objsubid = 1
AND ({{ l }}.classid::bigint << 32 | {{ l }}.objid::bigint) = {{ key }}
{%- endmacro -%}

{#- Beside the main deployment, refuses what concerns sources or bronze. -#}
{%- macro refuse_beside() -%}
{%- if prefix %}
    RAISE EXCEPTION 'bronze belongs to the main deployment'
        USING ERRCODE = 'DW024',
            HINT = 'CALL the procedure of the same name there; the next run here follows.';
{%- endif %}
{%- endmacro -%}
