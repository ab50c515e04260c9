"""Events as they might come: what a trigger brings, with an example of each field."""
