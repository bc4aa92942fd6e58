"""Stand-in for the part of AYON server that the addon's `server/host.py` imports.

Behaviour follows AYON server 1.16; what nobody here imports is left out.
"""

__version__ = "1.16.0"
