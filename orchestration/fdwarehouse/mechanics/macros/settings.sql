{#- Fixes the settings that affect the meaning of a routine's statements, for routines that other roles
    can call with settings of their choice. For the list see pinned_settings.py. -#}
{%- macro pinned() -%}
{%- for setting, value in pins.items() %}
SET {{ setting }} = {{ value if setting == "search_path" else value | literal }}
{%- endfor %}
{%- endmacro -%}
