-- What is there now was made by others, or by a migration.
CREATE TEMPORARY TABLE objects_of_others ON COMMIT DROP AS
SELECT object_identity FROM pg_temp.repeatable_objects() AS object_identity;
