from tests.activities.fixtures import running, sandbox

__all__ = ["running", "sandbox"]
