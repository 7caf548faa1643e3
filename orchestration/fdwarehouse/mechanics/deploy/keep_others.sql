-- Notes the objects of these kinds that are there after the migrations, before this deploy creates
-- its own: others made them, or a migration, and no deploy drops them.
CREATE TEMPORARY TABLE objects_of_others ON COMMIT DROP AS
SELECT object_identity FROM pg_temp.repeatable_objects() AS object_identity;
