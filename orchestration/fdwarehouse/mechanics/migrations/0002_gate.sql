-- What excludes is a lock on something of the owner's, which nobody else can lock. Advisory locks
-- are open to everybody: they only show who is at work.
CREATE TABLE etl.gate ();
COMMENT ON TABLE etl.gate IS
'Has no rows; it is locked. ROW SHARE: a transaction of a run. SHARE UPDATE EXCLUSIVE: who joins, begins or ends a run, one at a time. EXCLUSIVE: a deploy.';

ALTER TABLE etl.runs ADD COLUMN sign_of_life bigint;
COMMENT ON COLUMN etl.runs.sign_of_life IS
'Key of the advisory lock by which the sessions that work on the run are seen; it cannot be guessed.';
