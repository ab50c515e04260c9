"""JSON Schema (draft 2020-12) with a bound on the work: what a schema unfolds to, and what judging one value takes."""
