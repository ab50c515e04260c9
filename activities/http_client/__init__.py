"""The guarded HTTP client: what it makes of answers, and its door for libraries that want httpx."""
