{#- Advisory locks, so that a dead backend lets go of what it held. Three kinds:
    pipeline (shared by every step, exclusive for a deploy), run (by run id), step (by model). -#}
{%- macro pipeline() %}hashtext('fdwarehouse.pipeline'), 0{% endmacro -%}
{%- macro run(run_id) %}hashtext('fdwarehouse.run'), {{ run_id }}::integer{% endmacro -%}
{%- macro step(model) %}hashtext('fdwarehouse.step'), hashtext({{ model }}){% endmacro -%}

{#- The pg_locks rows of one kind in this database. -#}
{%- macro held(kind, l) -%}
{{ l }}.locktype = 'advisory'
AND {{ l }}.database = (
    SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()
)
AND {{ l }}.classid = hashtext('fdwarehouse.{{ kind }}')::oid
AND {{ l }}.objsubid = 2
AND {{ l }}.granted
{%- endmacro -%}
