-- noqa: disable=LT02,LT05
-- Records this deploy, so that the next one can report what it changes: the files in their order,
-- each with the SHA-256 of its text, and the objects that they created.
CALL pg_temp.store_rows('etl.deployed_objects', {{ files }});

MERGE INTO etl.repeatable_objects AS t
USING (
    SELECT object_identity FROM pg_temp.repeatable_objects() AS object_identity
    EXCEPT
    SELECT object_identity FROM pg_temp.objects_of_others
) AS s
ON t.object_identity = s.object_identity
WHEN NOT MATCHED THEN
    INSERT (object_identity) VALUES (s.object_identity)
WHEN NOT MATCHED BY SOURCE THEN DELETE;
{%- if prefix %}

SELECT etl.require_main_untouched(current_setting('fdwarehouse.changed_rows_of_main')::bigint);
{%- endif %}
