-- A message is sent outside of a transaction: a slow channel would hold locks meanwhile.
ALTER TABLE etl.alert_channels
ADD COLUMN claim uuid,
ADD COLUMN claimed_by integer,
ADD COLUMN claimed_until timestamptz;
COMMENT ON TABLE etl.alert_channels IS
'Who is told of problems: the channels of warehouse.yaml, and fdwarehouse, the channel of LISTEN. Grain: one channel.';
COMMENT ON COLUMN etl.alert_channels.claim IS
'The right to tell the channel, see etl.take_alert_channel; null: no session has it.';
COMMENT ON COLUMN etl.alert_channels.claimed_by IS
'Process of the server that served that session. When it has ended, the claim is void.';
COMMENT ON COLUMN etl.alert_channels.claimed_until IS
'When the claim is void at the latest, clock of the warehouse.';
