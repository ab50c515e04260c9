"""Small workflows found by the hash of a key: kept values, subscriptions to events, gates."""
