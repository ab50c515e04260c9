"""Regular expressions, always RE2: those of conditions as they are, JavaScript's translated."""
