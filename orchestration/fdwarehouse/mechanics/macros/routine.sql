{#- Every writer has the same face, so that one runner can call them all:
    what later runs than p_since_run_id brought is written and stamped with p_run_id; 0 means
    everything. -#}
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
SET client_encoding = 'SQL_ASCII' -- jsonb_send converts for the client: not what is hashed
{%- endif %}
{%- endmacro -%}
