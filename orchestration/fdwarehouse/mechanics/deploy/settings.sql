-- Settings of warehouse.yaml for the duration of a step. They do not affect its results.
{% for routine, setting, value in settings -%}
ALTER FUNCTION {{ routine }} SET {{ setting }} TO {{ value | literal }};
{% endfor -%}
