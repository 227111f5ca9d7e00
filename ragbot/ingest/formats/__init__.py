"""One file per family of formats: bytes or a path in, `Parsed` out. Each runs in the limited process."""
