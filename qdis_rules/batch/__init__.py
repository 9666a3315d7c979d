"""Many dossiers, as Arrow columns. The only room that knows pyarrow and numpy."""

try:
    import numpy as np  # noqa: F401
    import pyarrow as pa  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "many dossiers need the extra: pip install 'qdis-rules[batch]'", name=error.name
    ) from None
