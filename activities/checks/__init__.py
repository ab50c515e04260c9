"""Whether connections work: what each kind can be asked without an effect."""
