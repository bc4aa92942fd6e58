"""A thin stand-in of ayon_core: the interfaces through which it uses Site Sync.

The same suite runs on a real checkout (`make test-core AYON_CORE=/path`).
"""

from __future__ import annotations
