"""Rules of Site Sync as pure functions: no database, no AYON, no clock."""
