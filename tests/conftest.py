"""Fixtures that several folders share stand in modules beside this one."""

import os

pytest_plugins = ("browser", "command_line", "embedded_models")

# Ranking, confidence and intents were fitted to this embedder's cosines, so their tests name it, whatever the languages
# of their documents would choose. What `auto` does has tests of its own, which unset this.
os.environ["RAGBOT_EMBEDDER__MODEL"] = "all-minilm-l6-v2"
