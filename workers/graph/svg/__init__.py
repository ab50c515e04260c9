"""Pictures as SVG: measured by a table of character widths and laid out here, with no program and no script."""
