-- Records the objects of these kinds that exist after the migrations, before this deploy creates
-- its own. Other roles or a migration created them, and no deploy drops them.
CREATE TEMPORARY TABLE objects_of_others ON COMMIT DROP AS
SELECT object_identity FROM pg_temp.repeatable_objects() AS object_identity;
