"""Operations of described services: what is asked of one, whatever language describes it, and where to find it."""
