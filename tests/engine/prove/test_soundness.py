"""Random specs, and every bundled one: what is proved never fails at random points, what is refuted really fails."""

import datetime
import itertools
import os
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonne.engine import calendar
from tonne.engine.check.infer import infer
from tonne.engine.data.domain import Domain
from tonne.engine.plan import Plan, make_plan
from tonne.engine.prove.prove import statements
from tonne.engine.prove.question import Question
from tonne.engine.prove.replay import Replay
from tonne.engine.prove.small import small_domains
from tonne.engine.spec.catalogue import load_methodology, methodology_ids
from tonne.engine.spec.tree import Cases

CLOSE = Decimal("1e-25")
HEAD = """\
format: 1
id: random
title: {zh: 随机, en: Random}
category: methane
source: {publisher: {zh: 测试, en: Test}, document: Test, evidence: composed}
dimensions: {year: {time: year}, month: {time: month}, old_year: {time: year}, plant: {members: from_data}}
options:
  way: {name: {zh: 方式, en: Way}, values: [p, q]}
  kind: {name: {zh: 类, en: Kind}, values: [s, t], over: [plant]}
"""
OVERS = [(), ("plant",), ("month",), ("year",), ("plant", "month"), ("old_year",), ("year", "old_year")]
BOUNDS = [
    "",
    ", bounds: {min: 0}",
    ", bounds: {above: 0}",
    ", bounds: {min: 0, max: 1}",
    ", bounds: {min: -1, max: 2}",
    ", bounds: {max: 0}",
]


class Writer:
    """Writes a random spec; what hypothesis draws decides each choice."""

    def __init__(self, draw):
        self.draw = draw
        self.parameters = {}
        self.equations = {}
        self.calm = draw(st.booleans())

    def pick(self, choices):
        return self.draw(st.sampled_from(choices))

    def text(self):
        lines = [HEAD, "parameters:\n"]
        for number in range(self.draw(st.integers(2, 4))):
            over = self.pick(OVERS)
            self.parameters[f"x{number}"] = over
            if not over and self.draw(st.integers(0, 3)) == 0:
                value = self.pick(["0.5", "2", "-1"])
                lines.append(f"  x{number}: {{unit: '1', from: default, value: {value}, evidence: composed}}\n")
            else:
                when = self.pick(["", "", "", ", when: way == p"])
                lines.append(f"  x{number}: {{unit: '1', over: {list(over)}, from: fixed{self.pick(BOUNDS)}{when}}}\n")
        self.parameters["on"] = over = self.pick([(), ("month",), ("plant",)])
        lines.append(f"  on: {{unit: flag, over: {list(over)}, from: fixed}}\n")
        lines.append(
            "  z: {unit: '1', over: [plant], from: option, option: kind, by: {s: 0.5, t: 2}, evidence: composed}\n"
        )
        self.flags, self.parameters["z"] = ["on"], ("plant",)
        lines.append("equations:\n")
        for number in range(self.draw(st.integers(1, 3))):
            lines.append(self.equation(f"e{number}", self.pick(OVERS)))
        over = self.pick([("year",), ("year",), ()])
        lines.append(self.equation("BE", over))
        lines.append(self.equation("ER", over))
        lines.append("outputs: {baseline: BE, reduction: ER, rounding: {mode: none, unit: '1'}}\n")
        lines.append("claims: {activity: [x0, x1], proportional: true, within_baseline: true}\n")
        return "".join(lines)

    def equation(self, name, over):
        if self.draw(st.integers(0, 3)) == 0:
            when = self.condition(over, 2)
            cases = f"{{when: '{when}', expr: '{self.number(over, 2)}'}}, {{when: '{self.condition(over, 1)}', expr: '{self.number(over, 1)}'}}"
            last = f", {{otherwise: '{self.number(over, 1)}'}}" if self.draw(st.booleans()) else ""
            body = f"cases: [{cases}{last}]"
        elif self.pick([False, False, True]) and {"month", "year"}.intersection(over):
            step = "month" if "month" in over else "year"
            initial = self.pick(["0", "1", self.number(over, 0)])
            earlier = self.pick([name, name, *(leaf for leaf in self.leaves(over, step))])
            body = f"expr: '{self.number(over, 2)} {self.pick('+-*')} {self.pick(['prev', '0.5 * prev'])}({earlier}, {step}, {initial})'"
        else:
            body = f"expr: '{self.number(over, 3)}'"
        self.equations[name] = over
        return f"  {name}: {{unit: '1', over: {list(over)}, evidence: composed, {body}}}\n"

    def leaves(self, context, need=None):
        reach = set(context) | ({"year"} if "month" in context else set())
        known = {**{name: over for name, over in self.parameters.items() if name not in self.flags}, **self.equations}
        return [name for name, over in known.items() if set(over) <= reach and (need is None or need in over)]

    def kinds(self):
        """A calm spec has values at most points, so that more is proved of it."""
        calm = ["name", "sum", "sum", "op", "op"]
        return calm if self.calm else [*calm, "op", "call", "div", "number"]

    def number(self, context, depth):
        names = self.leaves(context)
        kind = self.pick(["name", "name", "number"] if depth == 0 else self.kinds())
        if kind == "sum":
            choices = [
                name
                for name in ("plant", "month", "year", "old_year")
                if name not in context and not (name == "year" and "month" in context)
            ]
            choices = [name for name in choices if self.leaves((*context, name), name)]
            if choices:
                dimension = self.pick(choices)
                inner = (*context, dimension)
                body = f"{self.pick(self.leaves(inner, dimension))} {self.pick('+*-')} {self.number(inner, depth - 1)}"
                where = f", where={self.condition(inner, 0)}" if self.draw(st.integers(0, 3)) == 0 else ""
                function = self.pick(["sum", "sum", "sum", "sum", "mean", "minimum", "maximum", "count", "stdev"])
                return f"{function}({body}, over={dimension}{where})"
            kind = "name"
        if kind == "op":
            return f"({self.number(context, depth - 1)} {self.pick('+-*')} {self.number(context, depth - 1)})"
        if kind == "div":
            return f"({self.number(context, depth - 1)} / ({self.number(context, depth - 1)}))"
        if kind == "call":
            function = self.pick(["min", "max", "exp", "abs", "sqrt", "log", "floor", "square"])
            inner = self.number(context, depth - 1)
            if function in {"min", "max"}:
                return f"{function}({inner}, {self.number(context, depth - 1)})"
            return (
                f"({inner}) ** {self.pick(['2', '3', '0.5', '-1'])}" if function == "square" else f"{function}({inner})"
            )
        if kind == "name" and names:
            return self.pick(names)
        return self.pick(["1", "2", "0.5", "0"])

    def condition(self, context, depth):
        kind = self.pick(["compare", "compare", "option", "flag", "member", "label"])
        if kind == "label" and "old_year" in context and {"year", "month"}.intersection(context):
            return f"old_year {self.pick(['<', '<=', '!='])} year"
        if kind == "option":
            return f"way == {self.pick('pq')}"
        if kind == "member" and "plant" in context:
            return f"kind != {self.pick('st')}"
        if kind == "flag" and set(self.parameters["on"]) <= set(context):
            return f"{self.pick(['', 'not '])}on"
        return f"{self.number(context, depth)} {self.pick(['<', '<=', '>', '>=', '=='])} {self.number(context, 0)}"


@st.composite
def specs(draw):
    return Writer(draw).text()


def random_domain(methodology, choice):
    start = choice.choice([datetime.date(2024, 1, 1), datetime.date(2023, 12, 31)])
    steps, clock = {}, set()
    members: dict[str, tuple[Any, ...]] = {}
    finest = min(
        (name for name in methodology.dimensions if methodology.step(name)), key=calendar.STEPS.index, default=None
    )
    if finest:
        begin = calendar.steps_between(finest, start, start)[-1]
        inside = range(begin, begin + choice.randint(1, 3))
    for name, dimension in methodology.dimensions.items():
        if dimension.time:
            steps[name] = dimension.time
        if methodology.step(name):
            clock.add(name)
            members[name] = tuple(dict.fromkeys(calendar.coarser(str(finest), int(step), name) for step in inside))
        elif dimension.time:
            first = calendar.steps_between(dimension.time, start, start)[0]
            members[name] = tuple(range(first - choice.randint(0, 2), first + 1))
        elif isinstance(dimension.members, dict | list):
            members[name] = tuple(dimension.members)
        else:
            members[name] = tuple(f"m{number}" for number in range(choice.randint(1, 3)))
    return Domain(members, steps, frozenset(clock))


def random_point(question, choice, setting=None):
    setting = setting or question.setting
    methodology = question.methodology
    domain = random_domain(methodology, choice)
    values = {}
    for name, quantity in methodology.parameters.items():
        allowed = setting.ranges[name]
        for index in domain.indices(quantity.over):
            tries = [
                choice.choice(allowed.candidates()),
                Fraction(choice.randint(-300, 300), 100),
                Fraction(choice.randint(1, 99), 100),
            ]
            values[name, index] = choice.choice([value for value in tries if allowed.allows(value)])
    choices = {
        name: {
            key: methodology.fixed_options.get(name) or choice.choice(list(option.values))
            for key in domain.indices(tuple(option.over))
        }
        for name, option in methodology.options.items()
    }
    return Replay(setting, question.inference, domain, choices, values)


def raised_point(replay, name, choice):
    """Raise a parameter at one index; None when it stands at its largest value."""
    over = replay.setting.methodology.quantities[name].over
    index = choice.choice(list(replay.domain.indices(over)))
    old = replay.value_of(name, index)
    allowed = replay.setting.ranges[name]
    tries = [
        value
        for value in (*allowed.candidates(), old + Fraction(1, 7), old + 3)
        if value > old and allowed.allows(value)
    ]
    return replay.with_value(name, index, choice.choice(tries)) if tries else None


def assert_direction(question, statement, reduction, choice, points):
    direction, name = statement.data["direction"], statement.subject
    setting = question.setting.with_free(question.methodology.quantities[name])
    if direction in {"either", "undecided"}:
        return
    for _ in range(points):
        before = random_point(question, choice, setting)
        after = raised_point(before, name, choice)
        if after is None:
            continue
        for index in before.domain.indices(question.methodology.quantities[reduction].over):
            old, new = before.value(reduction, index), after.value(reduction, index)
            if old is None or new is None:
                continue
            change = Decimal(0) if abs(new - old) <= CLOSE * (abs(old) + abs(new)) else new - old
            told = f"{statement.en}: {old} -> {new} at {before.values} {before.options} raised {after.values}"
            assert change >= 0 or direction == "decreasing", told
            assert change <= 0 or direction == "increasing", told


def assert_total(question, said, replay):
    """Where every statement on an equation and what it needs is proved, it has a value."""
    unproved = {
        item.subject
        for item in said
        if item.area in {"domain", "cases"} and item.verdict != "proved" and item.code != "cases.overlap"
    }
    for name, quantity in question.methodology.equations.items():
        if question.setting.needed(name) & unproved or name not in replay.plan.steps:
            continue
        for index in replay.domain.indices(quantity.over):
            assert replay.value(name, index) is not None, f"{name} at {index} of {replay.values} {replay.options}"


def assert_cases(question, said, replay):
    for item in said:
        tree = question.inference.trees.get(item.subject)
        if not isinstance(tree, Cases) or item.area != "cases":
            continue
        over = question.methodology.quantities[item.subject].over
        for index in replay.domain.indices(over):
            at = dict(zip(over, index, strict=True))
            held = [replay.truth(when, at) for when, _ in tree.branches]
            values = [
                replay.evaluate(value, at) if hold else None
                for hold, (_, value) in zip(held, tree.branches, strict=True)
            ]
            if item.code == "cases.complete" and item.verdict == "proved" and None not in held:
                assert any(held)
            if item.code == "cases.overlap" and item.verdict == "proved":
                for one, other in itertools.combinations([value for value in values if value is not None], 2):
                    assert abs(one - other) <= CLOSE * (abs(one) + abs(other))


def assert_structure(question, said, replay, choice):
    outputs, claims = question.methodology.spec.outputs, question.methodology.spec.claims
    for item in said:
        if item.area != "structure" or item.verdict != "proved":
            continue
        places = [place for place in replay.values if place[0] in claims.activity]
        if item.code == "structure.idle":
            other = replay.with_values(dict.fromkeys(places, Fraction(0)))
            other = Replay(
                question.setting.with_zero(frozenset(claims.activity)),
                replay.inference,
                replay.domain,
                replay.choices,
                other.values,
            )
        else:
            factor = choice.choice([Fraction(2), Fraction(1, 3), Fraction(10)])
            other = replay.with_values({place: factor * replay.value_of(*place) for place in places})
        for index in replay.domain.indices(question.methodology.quantities[outputs.reduction].over):
            before, after = replay.value(outputs.reduction, index), other.value(outputs.reduction, index)
            if item.code == "structure.idle":
                assert after is None or abs(after) <= CLOSE
            elif item.code == "structure.proportional" and before is not None and after is not None:
                expected = before * factor.numerator / factor.denominator
                assert abs(after - expected) <= CLOSE * (abs(after) + abs(expected)), (
                    before,
                    after,
                    factor,
                    replay.values,
                )
            elif item.code == "structure.within_baseline":
                limit = replay.value(outputs.baseline, index)
                assert before is None or limit is None or before <= limit + CLOSE * abs(limit)


def replays_of(question, point, setting):
    """Build a reported point anew, on the small domain that its labels fit."""
    methodology = question.methodology
    given = {**point.values, **point.options, **point.others}
    for domain in small_domains(methodology):
        values: dict[Any, Any] = {}
        choices: dict[str, Any] = {name: {} for name in methodology.options}
        try:
            for label, value in given.items():
                name, _, place = label.partition("@")
                if name in methodology.options:
                    over = tuple(methodology.options[name].over)
                    choices[name][domain.parse(over, place)] = value
                else:
                    index = domain.parse(methodology.quantities[name].over, place)
                    if index not in set(domain.indices(methodology.quantities[name].over)):
                        raise KeyError(index)
                    values[name, index] = value
        except KeyError:
            continue
        if all(
            set(choices[name]) == set(domain.indices(tuple(option.over)))
            for name, option in methodology.options.items()
        ):
            yield Replay(setting, question.inference, domain, choices, values)


def assert_points(question, statement):
    reduction = question.methodology.spec.outputs.reduction if question.methodology.spec.outputs else None
    for point in statement.points:
        setting = question.setting
        if statement.area == "direction":
            setting = setting.with_free(question.methodology.quantities[statement.subject])
        if statement.code == "structure.idle":
            setting = setting.with_zero(frozenset(question.methodology.spec.claims.activity))
        assert any(
            really(question, statement, point, replay, reduction) for replay in replays_of(question, point, setting)
        ), (
            statement.en,
            point.words(),
        )


def really(question, statement, point, replay, reduction):
    """Whether what a point shows happens in the reference evaluator."""
    assert replay.is_inside
    if statement.area == "direction":
        ((label, value),) = point.moved.items()
        over = question.methodology.quantities[statement.subject].over
        index = replay.domain.parse(over, label.partition("@")[2])
        other = replay.with_value(statement.subject, index, value)
        return (
            other.is_inside
            and value > replay.value_of(statement.subject, index)
            and other.total(reduction) != replay.total(reduction)
        )
    overs = question.methodology.quantities[statement.subject].over
    values = {index: replay.value(statement.subject, index) for index in replay.domain.indices(overs)}
    if statement.code in {"domain.total", "cases.complete"}:
        return None in values.values()
    if statement.code == "structure.idle":
        return any(value != 0 for value in values.values())
    if statement.code == "structure.within_baseline":
        baseline = question.methodology.spec.outputs.baseline
        limits = {index: replay.value(baseline, index) for index in values}
        return any(None not in {value, limits[index]} and value > limits[index] for index, value in values.items())
    return True


def cross_examine(methodology, seed, rounds=8, per_direction=6, most=None):
    inference = infer(methodology)
    said = statements(methodology)
    question = Question(methodology, inference)
    choice = random.Random(seed)
    if most is not None:  # shared by all directions, of which a large methodology has hundreds
        per_direction = max(2, min(per_direction, most // max(1, sum(item.code == "direction.sign" for item in said))))
    for item in said:
        assert_points(question, item)
        if item.code == "direction.sign":
            assert_direction(question, item, methodology.spec.outputs.reduction, choice, per_direction)
    for _ in range(rounds):
        replay = random_point(question, choice)
        assert_total(question, said, replay)
        assert_cases(question, said, replay)
        assert_structure(question, said, replay, choice)
    return said


@settings(max_examples=settings().max_examples * 5 // 8)
@given(text=specs(), seed=st.integers(0, 10**6))
def test_nothing_proved_of_a_random_spec_is_contradicted(bench, text, seed):
    methodology = bench.methodology(text)
    inference = infer(methodology)
    if inference.problems:
        return
    try:
        plan = make_plan(methodology, {"way": "p", "kind": {}}, inference)
    except Exception:
        return
    assert isinstance(plan, Plan)
    cross_examine(methodology, seed)


@pytest.mark.parametrize("name", methodology_ids())
def test_nothing_proved_of_a_bundled_methodology_is_contradicted(name):
    most = None if os.environ.get("TONNE_SEARCH") else 300
    said = cross_examine(load_methodology(name), seed=7, rounds=20, per_direction=25, most=most)
    assert said or load_methodology(name).spec.kind == "module"
