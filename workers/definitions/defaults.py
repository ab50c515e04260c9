"""What holds where nothing is said, in a module that loads nothing: settings read it for every command."""

DEVELOPMENT = "dev"
"""The environment where none is named."""
