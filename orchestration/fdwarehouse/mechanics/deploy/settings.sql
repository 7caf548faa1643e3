-- Settings that hold while a step's statement runs. They are no part of what it computes.
{% for routine, setting, value in settings -%}
ALTER FUNCTION {{ routine }} SET {{ setting }} TO {{ value | literal }};
{% endfor -%}
