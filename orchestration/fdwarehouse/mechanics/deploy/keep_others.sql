-- Notes what is there of the same kinds after the migrations, and before anything of ours is created
-- again: others made it, or a migration, and no deploy drops it.
CREATE TEMPORARY TABLE objects_of_others ON COMMIT DROP AS
SELECT object_identity FROM pg_temp.repeatable_objects() AS object_identity;
