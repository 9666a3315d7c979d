"""How many examples a property draws."""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import settings

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"


def examples(count: int) -> Callable[[Any], Any]:
    """Return the settings for `count` examples, twenty times more in a campaign."""
    return settings(max_examples=count * (20 if LONG else 1), deadline=None)
