"""The definition's models: what an author may write, before anything is compiled."""
