"""The rules, as the service goes by them: each with its reason, its source, and its numbers in force somewhere."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.auth import By
from api.moments import Then
from api.problems import Problem
from domain.decider import StreamAbsent
from domain.directory import (
    POLICY_STREAM,
    Organisation,
    PolicyInForce,
    Unit,
    organisation_stream,
    unit_stream,
)
from domain.ledger.application import Cases
from domain.policy import Policies, Policy, Threshold
from domain.rules import LEVELS, RULES, Level, Rule, RuleLanguage, Trilingual

_Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")] | None


class UnitWithoutOrganisation(Problem):
    """A unit is one of an organisation's. Name both, as in unit=kela/asiakaspalvelu."""

    status = 422


class Where(BaseModel):
    """For whom the numbers are wanted, and at what time: for the region and now, unless it says otherwise."""

    model_config = ConfigDict(extra="forbid")

    language: RuleLanguage | None = Field(None, description="In this language alone; in all three without it.")
    organisation: _Name = Field(None, description="As the rules are in this organisation.")
    unit: _Name = Field(None, description="As they are in this unit: organisation/unit, or unit beside organisation.")
    happened_by: Then | None = Field(None, description="As they were at this time.")

    def place(self) -> tuple[str | None, str | None]:
        """Return the organisation and the unit. Raises `UnitWithoutOrganisation`."""
        if self.unit is None or self.organisation is not None:
            return self.organisation, self.unit
        organisation, _, unit = self.unit.partition("/")
        if not (organisation and unit):
            raise UnitWithoutOrganisation
        return organisation, unit


class ThresholdTold(BaseModel):
    """A number of a rule's, by the name under which the policy sets it."""

    name: Threshold
    value: int


class RuleTold(BaseModel):
    """A rule. Its texts are in the language that was asked for, or in all three; its numbers are those in force."""

    number: int
    levels: list[Level]
    level_names: list[str | Trilingual]
    says: str | Trilingual
    because: str | Trilingual
    source: str | Trilingual
    thresholds: list[ThresholdTold]


class Rules(BaseModel):
    """All rules. `policy` is the version of the policy that their numbers are from, 0 where nothing was ever set."""

    organisation: str | None
    unit: str | None
    policy: int
    rules: list[RuleTold]


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount the rules."""

    def rules(by: By, where: Annotated[Where, Query()]) -> Rules:  # noqa: ARG001 - any token will do, but one it takes
        """List all rules: what each says and why, where it comes from, and its numbers, here and at that time."""
        organisation, unit = where.place()
        _in_directory(cases, organisation, unit)
        policy = policies_of(cases).at(where.happened_by, organisation, unit)
        return Rules(
            organisation=organisation, unit=unit, policy=policy.version, rules=list(told(policy, where.language))
        )

    app.add_api_route("/rules", rules, operation_id="ListRules", summary="List the rules", tags=["rules"])


def told(policy: Policy, language: RuleLanguage | None = None) -> Iterator[RuleTold]:
    """Tell all rules as they read under a policy, in one language or in all."""
    for rule in RULES.values():
        yield _told(rule.under(policy), policy, language)


def _told(rule: Rule, policy: Policy, language: RuleLanguage | None) -> RuleTold:
    def text(said: Trilingual) -> str | Trilingual:
        return said if language is None else said.to(language)

    return RuleTold(
        number=rule.number, levels=list(rule.levels), level_names=[text(LEVELS[it]) for it in rule.levels],
        says=text(rule.says), because=text(rule.because), source=text(rule.source),
        thresholds=[ThresholdTold(name=it, value=getattr(policy, it)) for it in rule.thresholds],
    )  # fmt: skip


def policies_of(cases: Cases) -> Policies:
    """Return all thresholds that were ever set."""
    state = cases.loaded(POLICY_STREAM, PolicyInForce).state
    return state.policies if isinstance(state, PolicyInForce) else Policies()


def _in_directory(cases: Cases, organisation: str | None, unit: str | None) -> None:
    """Refuse a place that nobody registered: a slip of the pen would read as the region's own numbers."""
    if organisation is None:
        return
    stream, kind = organisation_stream(organisation), Organisation
    found = cases.loaded(unit_stream(organisation, unit), Unit) if unit else cases.loaded(stream, kind)
    if found.version == 0:
        raise StreamAbsent
