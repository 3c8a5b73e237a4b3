"""Every rule of the design is in one place, whole, in three languages, and nothing refers to one that is not."""

import re

import pytest

from domain.decider import Refusal
from domain.ledger.mapper import every
from domain.overrides import Overridable
from domain.policy import THRESHOLDS, Policy
from domain.rules import LEVELS, RULE_LANGUAGES, RULES, Rule, RuleLanguage, Trilingual

each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=lambda it: f"rule {it.number}")
each_language = pytest.mark.parametrize("language", RULE_LANGUAGES)


def names_in(text: str) -> set[str]:
    """Return the thresholds that a text names."""
    return set(re.findall(r"\{(\w+)\}", text))


def test_there_are_thirty_two_rules_numbered_in_their_order() -> None:
    assert [it.number for it in RULES.values()] == list(RULES) == list(range(1, 33))


@each_rule
def test_a_rule_has_a_level_and_each_once(rule: Rule) -> None:
    assert rule.levels
    assert set(rule.levels) <= set(LEVELS)
    assert len(set(rule.levels)) == len(rule.levels)


@each_language
@each_rule
def test_a_rule_is_told_in_sentences(rule: Rule, language: RuleLanguage) -> None:
    for text in (rule.says.to(language), rule.because.to(language)):
        assert text == " ".join(text.split())
        assert re.fullmatch(r"[A-ZÅÄÖ”“{].*\.", text), text
    assert rule.source.to(language)


@each_rule
def test_a_rule_is_told_differently_in_each_language(rule: Rule) -> None:
    for said in (rule.says, rule.because):
        assert len({said.to(it) for it in RULE_LANGUAGES}) == len(RULE_LANGUAGES)


@each_language
@each_rule
def test_a_rule_names_its_thresholds_and_no_number_of_its_own(rule: Rule, language: RuleLanguage) -> None:
    assert names_in(rule.says.to(language)) == set(rule.thresholds)
    assert not re.search(r"\d", re.sub(r"\{\w+\}", "", rule.says.to(language)))
    assert not names_in(rule.because.to(language))


def test_every_threshold_belongs_to_one_rule() -> None:
    named = [it for rule in RULES.values() for it in rule.thresholds]
    assert sorted(named) == sorted(THRESHOLDS)


def test_every_refusal_that_names_a_rule_names_one_that_there_is() -> None:
    assert {it.rule for it in every(Refusal) if it.rule is not None} <= set(RULES)


def test_only_a_rule_that_may_be_overridden_is_set_aside_by_a_manager() -> None:
    overridden = {it.rule for it in every(Refusal) if issubclass(it, Overridable) and it.rule is not None}
    assert overridden <= {it.number for it in RULES.values() if "override" in it.levels}


@pytest.mark.rule(4)
def test_a_rule_reads_with_the_numbers_of_its_policy() -> None:
    says = RULES[4].under(Policy(respond_working_days=7)).says
    assert "7 arkipäivän" in says.fi
    assert "7 vardagar" in says.sv
    assert "7 working days" in says.en


@pytest.mark.rule(14)
def test_no_level_of_a_rule_is_without_its_name() -> None:
    assert {it for rule in RULES.values() for it in rule.levels} == set(LEVELS)
    assert [LEVELS[it].fi for it in RULES[14].levels] == ["estetään", "poikkeaminen"]


@pytest.mark.rule(5)
def test_a_law_is_cited_with_its_section_in_each_language() -> None:
    assert RULES[5].source.fi.endswith("Hallintolaki 434/2003, 21 §")
    assert RULES[5].source.sv.endswith("Förvaltningslagen 434/2003, 21 §")
    assert RULES[5].source.en.endswith("Administrative Procedure Act 434/2003, section 21")


def test_what_is_said_is_told_in_the_language_asked_for() -> None:
    said = Trilingual("asia", "ärende", "case")
    assert [said.to(it) for it in RULE_LANGUAGES] == ["asia", "ärende", "case"]
