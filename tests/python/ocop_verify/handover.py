"""Section 13, `handover`: what another organisation took over, and whether its giver said so."""


def handovers(family):
    """`(lot, taker, whether a ship of the lot's creator to the taker stands in the log)`, in order."""
    makers = {event.id for event in family.makers()}
    taken = set()
    for _, event in family.log.events:
        names = ("lots", "inputs") if event.kind == "receive" else ("inputs",) if event.id in makers else ()
        for lot in (tuple(lot) for name in names for lot, _ in event.body.get(name, [])):
            if lot in family.members and lot[0] != event.iss:
                taken.add((lot, event.iss))
    shipped = {
        (tuple(lot), event.body["to"])
        for _, event in family.log.of_kind("ship")
        for lot, _ in event.body["lots"]
        if event.iss == lot[0]
    }
    return [(lot, taker, (lot, taker) in shipped) for lot, taker in sorted(taken)]
