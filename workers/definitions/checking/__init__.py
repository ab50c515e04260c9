"""What is wrong with a definition: its shape, its configs, its references, with file and line."""
