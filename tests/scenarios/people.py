"""Who works in Pirkanmaa, beside those of the town. All of them are invented."""

from domain.decider import Actor, Role

TIINA = Actor("tiina", Role.WORKER, "tyollisyys", "tampere")
"""A specialist of the employment services of the Tampere area."""

KIRSI = Actor("kirsi", Role.WORKER, "kotikulma", "paivatoiminta")
"""An instructor of Kotikulma ry, an association that runs day activities."""

OUTI = Actor("outi", Role.WORKER, "pirha", "aikuissosiaalityo")
"""A social worker of the wellbeing services county, beside Bo."""

RIITTA = Actor("riitta", Role.MANAGER, "pirha", "perhepalvelut")
"""A manager of another unit of the county than Cilla's."""

LIISA = Actor("liisa", Role.WORKER, "pirha", "lapsiperheet")
"""A social worker of the county's family services."""

OSSI = Actor("ossi", Role.MANAGER, "pirha", "lapsiperheet")
"""Her manager."""
