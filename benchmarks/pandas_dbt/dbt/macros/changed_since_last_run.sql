{# The usual filter of an incremental model. #}
{% macro changed_since_last_run(column='updated_at') -%}
    {% if is_incremental() %}
    WHERE {{ column }} > (SELECT coalesce(max(updated_at), '-infinity') FROM {{ this }})
    {% endif %}
{%- endmacro %}
