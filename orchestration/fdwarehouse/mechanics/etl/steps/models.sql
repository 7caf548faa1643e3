CREATE VIEW etl.models AS
SELECT * FROM etl.pipeline_steps;
COMMENT ON VIEW etl.models IS 'The former name of etl.pipeline_steps. Grain: one step.';
