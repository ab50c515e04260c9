"""The parts of the template language: `workflows/language/template.py` and `workflows/language/condition.py` are its two doors."""
