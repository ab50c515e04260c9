"""What plain REST actions are made of: a service, its sign-in, and one row an operation."""
