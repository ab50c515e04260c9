"""A request to any HTTP address and its answer: what every family that sends to addresses of authors has in common."""
