"""One vendor's sign-in, transport and error reading a file; no action stands here."""
