"""Pages for approvers and operators, behind sign-in. No script, and no GET that decides."""
