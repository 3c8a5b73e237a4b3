"""Places, as requests name them: an organisation, a unit of it, a worker; each by its own id, or all as one text."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.rules import UnitWithoutOrganisation
from projections.searched import Place

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Somewhere(BaseModel):
    """An organisation, or a unit of one."""

    model_config = ConfigDict(extra="forbid")

    organisation: Name | None = Field(None, description="The organisation, by its national id.")
    unit: Name | None = Field(None, description="The unit: organisation/unit, or its own id beside `organisation`.")

    @property
    def place(self) -> Place:
        """The place. Raises `UnitWithoutOrganisation`."""
        if self.unit is None or self.organisation is not None:
            return Place(self.organisation, self.unit)
        organisation, _, unit = self.unit.partition("/")
        if not (organisation and unit):
            raise UnitWithoutOrganisation
        return Place(organisation, unit)


def place_in(text: str | None) -> Place:
    """Return the place that one text names: organisation, organisation/unit or organisation/unit/worker."""
    return Place() if text is None else Place(*(part or None for part in text.split("/", 2)))
