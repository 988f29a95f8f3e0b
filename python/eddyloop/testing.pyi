# SPDX-License-Identifier: MIT
from collections.abc import Iterator

from . import Loop

def eddy_seed(request: object) -> int: ...
def eddy_loop() -> Iterator[Loop]: ...
