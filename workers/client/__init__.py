"""What any caller of Temporal does: starting, finding, deciding and following runs."""
