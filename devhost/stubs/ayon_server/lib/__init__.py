"""Stand-in for the AYON package of this name."""
