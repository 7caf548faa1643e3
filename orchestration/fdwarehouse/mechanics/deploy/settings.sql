-- Settings of warehouse.yaml that hold while a step runs. They do not change what it computes.
{% for routine, setting, value in settings -%}
ALTER FUNCTION {{ routine }} SET {{ setting }} TO {{ value | literal }};
{% endfor -%}
