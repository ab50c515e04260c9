"""How values travel: the converter, encryption, and a store for large ones."""
