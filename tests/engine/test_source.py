import contextlib
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tonne.engine.errors import Place, ProjectError, SpecError, UnknownNameError
from tonne.engine.spec.source import MAX_BYTES, MAX_DEPTH, Document, parse_yaml, read_yaml


def read(text: str) -> Document:
    return parse_yaml(text, "f.yaml")


def fault(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1", Decimal("0.1")),
        ("-2.50", Decimal("-2.50")),
        ("1e3", Decimal(1000)),
        ("1.5E-3", Decimal("0.0015")),
        ("12", 12),
        ("-0", 0),
        ("+3", 3),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".5", ".5"),
        ("1.", "1."),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1:30", "1:30"),
        ("2023-10-24", "2023-10-24"),
        ("yes", "yes"),
        ("on", "on"),
        ("True", "True"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ('"0.5"', "0.5"),
        ("<<", "<<"),
        ("1e9999", "1e9999"),
        ("9" * 61, "9" * 61),
    ],
)
def test_plain_scalar_is_an_exact_number_a_truth_value_or_text(text: Any, expected: Any) -> None:
    value = read(f"key: {text}\n").data["key"]
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: {c: 2, c: 3}\n", "f.yaml:2:11: key 'c' is given twice\n  hint: the first is on line 2; keep one of the two"),
        ("a: &x 1\n", "f.yaml:1:4: anchor &x; expected no anchors or aliases"),
        ("a: *x\n", "f.yaml:1:4: alias *x; expected no anchors or aliases\n  hint: write it out"),
        ("a: !!python/object/apply:os.system [ls]\n",
         "f.yaml:1:4: tag tag:yaml.org,2002:python/object/apply:os.system; expected no tags\n  hint: remove it"),
        ("a: !!str 1\n", "f.yaml:1:4: tag tag:yaml.org,2002:str; expected no tags\n  hint: remove it"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second YAML document; expected one document in a file"),
        ("? [a, b]\n: 1\n", "f.yaml:1:3: a key that is not plain text; expected a name as key"),
        ("a: [1\n", "f.yaml:2:1: this is not YAML: did not find expected ',' or ']'\n  hint: check indentation and quotes"),
        ("a:\n\t- 1\n",
         "f.yaml:2:1: this is not YAML: found character that cannot start any token\n  hint: check indentation and quotes"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named_with_its_place(text: Any, expected: Any) -> None:
    assert fault(text) == expected


def test_every_double_key_is_told() -> None:
    assert fault("a: 1\na: 2\nb: 1\nb: 2\n").count("is given twice") == 2


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + level)}: &{chr(98 + level)} [{','.join(['*' + chr(97 + level)] * 9)}]\n" for level in range(8)
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 50_000,
        "\n".join(" " * level + "a:" for level in range(2000)),
        "a: \x00\n",
        "a: \x07b\n",
        "\ufffe",
        "a: \ud800\n",
        "%YAML 9.9\n---\na: 1\n",
        "%TAG ! tag:evil,2000:\n---\na: !x 1\n",
        "k" * 1_000_000 + ": 1\n",
        "a: 'unclosed\n" * 1000,
        '"\\x": 1',
        "a: |9\n x\n",
        "? a\n? a\n",
        "x: [" + "1," * 250_000 + "]\n",
    ],
    ids=lambda text: repr(text[:15]),
)
def test_hostile_text_is_refused_at_once(text: Any) -> None:
    begun = time.perf_counter()
    message = fault(text)
    assert time.perf_counter() - begun < 5
    assert len(message) < 1000


def test_long_key_is_cut_in_messages() -> None:
    key = "k" * 900_000
    assert len(fault(f"? {key}\n: 1\n? {key}\n: 2\n")) < 400


def test_nesting_is_limited() -> None:
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH).data
    assert f"nested deeper than {MAX_DEPTH} levels" in fault("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


def test_files_are_refused_by_what_they_are(tmp_path: Any) -> None:
    path = tmp_path / "spec.yaml"
    with pytest.raises(UnknownNameError, match="no such file"):
        read_yaml(path)
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(SpecError, match=r"spec.yaml:2: the file is not UTF-8 text; found byte 0xff"):
        read_yaml(path)
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ProjectError, match=r"the file is too large; expected at most 2,000,000 bytes"):
        read_yaml(path, error=ProjectError)
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path).data == {"a": 1}
    with pytest.raises(UnknownNameError, match=r"did you mean spec\.yaml"):
        read_yaml(tmp_path / "spec.yml")


def test_digest_is_that_of_the_text() -> None:
    assert read("a: 1\n").digest == read("a: 1\n").digest != read("a: 1 \n").digest


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("k: a + bad\n", "bad"),
        ("k: 'a + bad'\n", "bad"),
        ('k: "a + bad"\n', "bad"),
        ("k:   {k: 'a + bad', z: 1}\n", "bad"),
        ("k: >-\n  a\n  + (b\n     + bad)\n", "bad"),
        ("k: |\n    a +\n\n    bad\n", "bad"),
        ("k: >2-\n   a +\n   bad\n", "bad"),
        ("k: a\n  + b\n  + bad\n", "bad"),
        ("k: 'a\n   + bad'\n", "bad"),
        ("键: 甲\nk: 'é + bad'\n", "bad"),
        ("a: 1\r\nk: >\r\n  a +\r\n  bad\r\n", "bad"),
        ("k: bad\n", "bad"),
    ],
)
def test_character_of_a_value_is_found_in_the_file(text: Any, needle: Any) -> None:
    document = read(text)
    steps = ("k", "k") if isinstance(document.data["k"], dict) else ("k",)
    value = document.data["k"]["k"] if len(steps) == 2 else document.data["k"]
    offsets = document.offsets(steps, value)
    found = offsets[value.index(needle)]
    assert text[found : found + len(needle)] == needle
    before = text[:found].replace("\r\n", "\n")
    assert document.at(found) == Place("f.yaml", before.count("\n") + 1, len(before) - before.rfind("\n"))
    end = offsets[len(value)]
    assert text[:end].rstrip() == text[:end]
    assert value.rstrip().endswith(text[end - 1])


def test_value_with_escapes_stands_at_its_start() -> None:
    document = read('k: "a\\x20+ b"\n')
    assert document.data["k"] == "a + b"
    assert set(document.offsets(("k",), "a + b")) == {4}


def test_missing_part_stands_where_its_parent_stands() -> None:
    document = read("a:\n  b: {c: 1}\n")
    assert document.place("a", "b", "c") == Place("f.yaml", 2, 7)
    assert document.place("a", "b", "c", "=") == Place("f.yaml", 2, 10)
    assert document.place("a", "b", "d") == Place("f.yaml", 2, 3)
    assert document.place("z") == Place("f.yaml", 1, 1)


@given(st.text(max_size=80) | st.text(alphabet="a:-[]{}'\"|> \n#&*!%\t1.?,", max_size=80))
@example("a: 'b''c'\n")
def test_any_text_is_data_or_a_spec_error(text: Any) -> None:
    with contextlib.suppress(SpecError):
        document = read(text)
        for steps, (start, end, _) in document.scalars.items():
            assert 0 <= start <= end <= len(text)
            offsets = document.offsets(steps, "a b")
            assert offsets == sorted(offsets)
