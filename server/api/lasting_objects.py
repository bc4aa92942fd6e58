"""What lasts as long as the process, and is not to be looked at again and again.

Python's collector of cycles looks at all objects whenever a quarter more have come: at
the server's code, its models and routes too. Nobody is served meanwhile: 90 ms at each
large request, most of the wait of whoever asked beside it.
"""

from __future__ import annotations

import gc


def set_aside_lasting_objects() -> bool:
    """Take what there is out of the collector's sight; False if somebody has before.

    Once in a process, when the server is up: what is made later is looked at as ever,
    and what is set aside is still freed once nothing refers to it, unless in a cycle.
    """
    if gc.get_freeze_count():
        return False
    gc.collect()
    gc.freeze()
    return True
