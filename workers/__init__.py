"""Processes and the command line: the only place where actions and workflows meet."""
