"""A damaged file of passwords is named, with a hint."""

import json
from pathlib import Path

import pytest

from fdwarehouse.embedded import lifecycle
from fdwarehouse.errors import FdwarehouseError

KNOWN = {f"{server}_superuser": "x" for server in lifecycle.SERVERS}


@pytest.mark.parametrize(
    "content",
    [
        *("[]", "", "{", "null", '"secret"', "12", '{"warehouse_owner": 1}', "[" * 100_000),
        *('{"warehouse_owner": ""}', '{"warehouse_owner": null}', '{"warehouse_owner": "p@ss"}'),
        r'{"warehouse_owner": "\ud800"}',
    ],
)
@pytest.mark.parametrize("is_made", [True, False])
def test_file_of_passwords_of_another_shape_is_named(
    tmp_path: Path, content: str, is_made: bool
) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(content)
    if is_made:
        (tmp_path / "warehouse").mkdir()
    with pytest.raises(FdwarehouseError) as caught:
        lifecycle.passwords(tmp_path)
    assert caught.value.message.startswith(
        f"{path} does not contain the embedded servers' passwords"
    )
    way_out = "Restore the right file" if is_made else f"Delete {path}"
    assert way_out in (caught.value.hint or "")
    assert path.read_text() == content, "it was written over"


def test_file_of_passwords_that_is_binary_or_a_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FdwarehouseError, match="does not contain the embedded servers' passwords"):
        lifecycle.passwords(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(FdwarehouseError, match="Cannot read the embedded servers' passwords"):
        lifecycle.passwords(tmp_path)


def test_password_of_a_server_that_was_made_is_not_made_up(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({"warehouse_superuser": "x"}))
    assert set(lifecycle.passwords(tmp_path)) == {*KNOWN, *lifecycle.ROLES}
    path.write_text(json.dumps({"warehouse_superuser": "x"}))
    (tmp_path / "production").mkdir()
    with pytest.raises(FdwarehouseError, match="does not contain the embedded servers' passwords"):
        lifecycle.passwords(tmp_path)
    path.write_text(json.dumps(KNOWN))
    assert lifecycle.passwords(tmp_path)["production_superuser"] == "x"
