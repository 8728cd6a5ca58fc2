"""Section 13: the three words."""

PROVEN, NOT_PROVEN, CONTRADICTED = "proven", "not_proven", "contradicted"


def said(is_proven):
    """For what is either so or disagrees."""
    return PROVEN if is_proven else CONTRADICTED


def shown(is_proven):
    """For what is either so or only lacking."""
    return PROVEN if is_proven else NOT_PROVEN
