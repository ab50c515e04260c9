"""Web hooks that vendors send: made up, signed as the vendor signs, and sent to a gateway on this machine."""
