"""A production with a fake clock and identity: the functions that its view calls are replaced."""

from tests.harness import Shop

REPLACED = """
CREATE TABLE fdwarehouse.faked (shift interval NOT NULL, identity jsonb NOT NULL);
INSERT INTO fdwarehouse.faked VALUES ('0', '{}');
GRANT SELECT ON fdwarehouse.faked TO warehouse_reader;
DO $do$
DECLARE
    v_real text := pg_get_functiondef('fdwarehouse.observe()'::regprocedure);
BEGIN
    EXECUTE replace(v_real, 'fdwarehouse.observe', 'fdwarehouse.really_observe');
    EXECUTE split_part(v_real, 'AS $function$', 1) || $function$ AS $body$
    DECLARE
        v_faked fdwarehouse.faked;
        v_real jsonb;
    BEGIN
        SELECT * INTO v_faked FROM fdwarehouse.faked;
        SELECT to_jsonb(o) INTO v_real FROM fdwarehouse.really_observe() AS o;
        SELECT * INTO observed_at, fence, sees_all, held_by, held_since, prepared_gid, prepared_at,
            oldest_xid, system_identifier, timeline, running_since, is_in_recovery
        FROM jsonb_to_record(v_real || v_faked.identity) AS r (
            observed_at timestamptz, fence timestamptz, sees_all boolean, held_by text,
            held_since timestamptz, prepared_gid text, prepared_at timestamptz, oldest_xid bigint,
            system_identifier bigint, timeline integer, running_since timestamptz,
            is_in_recovery boolean
        );
        observed_at := observed_at + v_faked.shift;
        fence := fence + v_faked.shift;
    END;
    $body$
    $function$;
END;
$do$;
"""


class FakedServer:
    """The server of a shop, whose clock can be set forward or back.

    Args:
        shop: its database; others on the server are left alone.
    """

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        shop.execute(REPLACED)

    def step(self, by: str) -> None:
        """Set the clock forward, or back: `-60 seconds`."""
        self.shop.execute(f"UPDATE fdwarehouse.faked SET shift = shift + interval '{by}'")

    def be(self, identity: str) -> None:
        """Change its identity: `{"timeline": 2}`."""
        self.shop.execute(f"UPDATE fdwarehouse.faked SET identity = '{identity}'")

    def write(self, change: str, *, ago: str = "0") -> None:
        """Change a table and stamp it by this clock: `customers SET full_name = 'A'`."""
        shift = self.shop.value("SELECT shift FROM fdwarehouse.faked")
        stamp = f"localtimestamp + interval '{shift}' - interval '{ago}'"
        self.shop.force(f"UPDATE {change.replace(' SET ', f' SET updated_at = {stamp}, ')}")
