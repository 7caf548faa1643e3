{#- What excludes is a lock on rows and tables of etl, which only the owner's code can take:
      etl.gate     ROW SHARE by every transaction of a run, EXCLUSIVE by a deploy,
                   SHARE UPDATE EXCLUSIVE by who decides on a run
      etl.runs     the row, FOR KEY SHARE, by who works on the run; FOR UPDATE by who ends it
      etl.pipeline_steps   the row, FOR UPDATE, by the step; FOR SHARE by steps that read what it writes
    Advisory locks only show who is at work: they go when a process dies, and everybody sees them.
    Nothing waits for one, and nobody is believed who may not run the warehouse. -#}

{#- Before there was a gate, steps held this one shared: a deploy over such a warehouse excludes them. -#}
{%- macro pipeline() %}hashtext('fdwarehouse.pipeline'), 0{% endmacro -%}

{#- Shows that a step is at work, until its transaction ends. -#}
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
    WHERE a.pid = {{ l }}.pid AND has_schema_privilege(a.usesysid, 'etl', 'USAGE')
)
{%- endmacro -%}

{#- Whether a row of pg_locks is the sign of life of a run. -#}
{%- macro is_sign_of_life(l, key) -%}
{{ l }}.objsubid = 1
AND ({{ l }}.classid::bigint << 32 | {{ l }}.objid::bigint) = {{ key }}
{%- endmacro -%}
