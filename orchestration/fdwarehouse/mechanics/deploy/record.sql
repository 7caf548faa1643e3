-- noqa: disable=LT02,LT05
-- What this deploy consisted of, so that the next can say what it changes.
MERGE INTO etl.deployed_objects AS t
USING (
    VALUES
    {%- for name, checksum in objects %}
    ({{ name | literal }}, '{{ checksum }}'){{ "," if not loop.last }}
    {%- endfor %}
) AS s (object_name, checksum)
ON t.object_name = s.object_name
WHEN NOT MATCHED THEN
    INSERT (object_name, checksum) VALUES (s.object_name, s.checksum)
WHEN MATCHED AND t.checksum <> s.checksum THEN
    UPDATE SET checksum = s.checksum
WHEN NOT MATCHED BY SOURCE THEN DELETE;

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
