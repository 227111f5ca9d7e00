"""Fixtures that several folders share stand in modules beside this one."""

pytest_plugins = ("browser", "command_line", "embedded_models")
