{#- What decides the meaning of a routine's statements, as its own settings: for those that others
    can call, with settings that they chose. See pins.py for the list. -#}
{%- macro pinned() -%}
{%- for setting, value in pins.items() %}
SET {{ setting }} = {{ value if setting == "search_path" else value | literal }}
{%- endfor %}
{%- endmacro -%}
