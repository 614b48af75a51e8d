"""A port that cannot be listened at: what to do about it."""

import errno

from access_service.errors import ConfigError

ELSE = "set [{0}] host in service.toml to an address of this machine"
REMEDIES = {
    errno.EADDRINUSE: "set [{0}] port in service.toml, or {1}, to a free one",
    errno.EACCES: "set [{0}] port in service.toml, or {1}, to one above 1023",
}


def cannot_listen(section: str, variable: str, host: str, port: int, error: OSError) -> ConfigError:
    """The line for the operator. `section` is the table of service.toml, `variable` what overrides its port."""
    remedy = REMEDIES.get(error.errno or 0, ELSE).format(section, variable)
    return ConfigError(f"cannot listen on {host} port {port}: {error.strerror}; {remedy}")
