"""The template language; `template.py` and `condition.py` are its two doors."""
