"""What a step does, from the interpreter down to sending one request."""
