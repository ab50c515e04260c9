"""The parts of the template language: `workflows/template.py` and `workflows/condition.py` are its two doors."""
