{#- For exception handlers: stores the error as v_failure, of type etl.failure, and explains it. Its
    field model names what was built. Uses a variable v_schema. -#}
{%- macro catch() -%}
GET STACKED DIAGNOSTICS
    v_failure.error_code = RETURNED_SQLSTATE,
    v_failure.message = MESSAGE_TEXT,
    v_failure.detail = PG_EXCEPTION_DETAIL,
    v_failure.hint = PG_EXCEPTION_HINT,
    v_failure.context = PG_EXCEPTION_CONTEXT,
    v_schema = SCHEMA_NAME;
v_failure := etl.explain_failure(v_failure, v_schema);
{%- endmacro -%}
