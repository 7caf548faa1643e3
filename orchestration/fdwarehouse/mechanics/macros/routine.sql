{#- All writers have the same signature, so that one runner can call them: a writer reads the changes
    of runs after p_since_run_id (0: all) and writes p_run_id into _run_id. -#}
{%- macro writer(name, hashes=false) -%}
CREATE FUNCTION {{ name }}(p_run_id bigint, p_since_run_id bigint)
RETURNS etl.row_counts
LANGUAGE sql
{{ settings(hashes) }}
{%- endmacro -%}

{%- macro settings(hashes=false) -%}
SET search_path = pg_catalog, pg_temp
SET work_mem = {{ work_mem | literal }}
{%- if hashes %}
SET client_encoding = 'SQL_ASCII' -- no conversion of hashed values by jsonb_send
{%- endif %}
{%- endmacro -%}
