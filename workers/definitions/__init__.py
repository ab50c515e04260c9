"""From a file to a plan: loading, checking, planning, compiling."""
