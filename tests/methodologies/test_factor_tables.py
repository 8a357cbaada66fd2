import re
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tonne.engine.spec.catalogue import bundled
from tonne.engine.spec.factors import factor_table
from tonne.engine.spec.source import read_yaml

FACTORS = Path(__file__).parents[2] / "methodologies" / "factors"
TABLES = sorted(path.stem for path in FACTORS.glob("*.yaml"))
EVIDENCE = {"source-checked", "secondary", "expert-recall", "composed"}
CHINESE = re.compile("[\u4e00-\u9fff]")
OPTIONAL = {"fuel_units": {"mass"}}  # a fuel by volume has no mass of its unit
CARBON_TO_CO2 = Decimal(44) / 12

BLENDS = {
    "R410A": {"hfc_32": 50, "hfc_125": 50},
    "R404A": {"hfc_125": 44, "hfc_143a": 52, "hfc_134a": 4},
    "R407C": {"hfc_32": 23, "hfc_125": 25, "hfc_134a": 52},
    "R507A": {"hfc_125": 50, "hfc_143a": 50},
}


def text_of(table: str) -> str:
    return (FACTORS / f"{table}.yaml").read_text(encoding="utf-8")


def load(table: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.load(text_of(table), Loader=yaml.BaseLoader)  # noqa: S506  (text only)
    return data


def rows_of(table: str, **keys: str) -> list[dict[str, str]]:
    return [row for row in load(table)["rows"] if all(row[name] == value for name, value in keys.items())]


def value_of(table: str, column: str, **keys: str) -> Decimal:
    (row,) = rows_of(table, **keys)
    return Decimal(row[column])


def released(area: str, year: str) -> Decimal:
    return value_of("cn_grid_average", "ef", series="released", area=area, year=year)


def numeric_columns(data: dict[str, Any]) -> list[str]:
    return [name for name, column in data["columns"].items() if column.get("text") != "true"]


def rounded(value: Decimal, last: str) -> Decimal:
    return value.quantize(Decimal(last), rounding=ROUND_HALF_UP)


def is_number(text: str) -> bool:
    return text.strip("+-").replace(".", "", 1).isdigit()


def bilingual_texts(data: dict[str, Any]) -> list[Any]:
    source = data["source"]
    texts = [data["title"], source["publisher"], source["note"]]
    texts += [data["not_for"]] if "not_for" in data else []
    texts += [label for labels in data["keys"].values() if labels != "integer" for label in labels.values()]
    return texts + [column["name"] for column in data["columns"].values()]


def test_the_expected_tables_exist() -> None:
    assert {"cn_fuels", "cn_grid_average", "cn_grid_baseline", "gwp", "ipcc2006_fuels"} <= set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_yaml_has_no_anchors_aliases_or_tags(table: str) -> None:
    refused = (yaml.AnchorToken, yaml.AliasToken, yaml.TagToken)

    assert [token for token in yaml.scan(text_of(table)) if isinstance(token, refused)] == []


@pytest.mark.parametrize("table", TABLES)
def test_no_mapping_repeats_a_key_and_no_number_is_quoted(table: str) -> None:
    nodes: list[Any] = [yaml.compose(text_of(table), Loader=yaml.SafeLoader)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            names = [key.value for key, _ in node.value]
            assert sorted(set(names)) == sorted(names), node.start_mark
            nodes += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
        else:
            assert not (node.style and is_number(node.value)), node.start_mark


@pytest.mark.parametrize("table", TABLES)
def test_head_is_complete(table: str) -> None:
    data = load(table)

    assert set(data) - {"not_for", "never_in", "substances"} == {
        "format",
        "id",
        "title",
        "source",
        "keys",
        "columns",
        "rows",
    }
    assert data["format"] == "1"
    assert data["id"] == table
    assert set(data["source"]) == {"publisher", "document", "evidence", "note"}


@pytest.mark.parametrize("table", TABLES)
def test_every_text_is_in_chinese_and_english(table: str) -> None:
    for text in bilingual_texts(load(table)):
        assert set(text) == {"zh", "en"}
        assert text["zh"].strip()
        assert text["en"].strip()
        assert not CHINESE.search(text["en"])


@pytest.mark.parametrize("table", TABLES)
def test_every_numeric_column_has_a_unit_and_no_text_column_has_one(table: str) -> None:
    data = load(table)

    with_unit = [name for name, column in data["columns"].items() if column.get("unit")]
    assert numeric_columns(data) == with_unit


@pytest.mark.parametrize("table", TABLES)
def test_each_combination_of_keys_has_one_row(table: str) -> None:
    data = load(table)

    combinations = [tuple(row[key] for key in data["keys"]) for row in data["rows"]]
    assert len(set(combinations)) == len(combinations)


@pytest.mark.parametrize("table", TABLES)
def test_rows_use_declared_keys_and_columns_only(table: str) -> None:
    data = load(table)
    required = set(data["keys"]) | set(data["columns"])

    for row in data["rows"]:
        assert set(row) - {"evidence", "source"} | OPTIONAL.get(table, set()) == required
        for key, labels in data["keys"].items():
            assert row[key].isdigit() if labels == "integer" else row[key] in labels


@pytest.mark.parametrize("table", TABLES)
def test_every_declared_label_is_used_in_a_row(table: str) -> None:
    data = load(table)

    for key, labels in data["keys"].items():
        if labels != "integer":
            assert set(labels) == {row[key] for row in data["rows"]}


@pytest.mark.parametrize("table", TABLES)
def test_every_row_has_an_evidence_word(table: str) -> None:
    data = load(table)

    assert {row.get("evidence", data["source"]["evidence"]) for row in data["rows"]} <= EVIDENCE


@pytest.mark.parametrize("table", TABLES)
def test_values_are_plain_decimals_and_not_negative(table: str) -> None:
    data = load(table)

    for row, column in product(data["rows"], numeric_columns(data)):
        if column in OPTIONAL.get(table, set()) and column not in row:
            continue
        assert is_number(row[column])
        assert not row[column].startswith(".")
        assert Decimal(row[column]) >= 0


@pytest.mark.parametrize(
    ("region", "year", "om", "bm", "evidence"),
    [
        ("north", "2019", "0.9419", "0.4819", "secondary"),
        ("northeast", "2019", "1.0826", "0.2399", "secondary"),
        ("east", "2019", "0.7921", "0.3870", "secondary"),
        ("central", "2019", "0.8587", "0.2854", "secondary"),
        ("northwest", "2019", "0.8922", "0.4407", "secondary"),
        ("south", "2019", "0.8042", "0.2135", "secondary"),
        ("north", "2017", "0.9680", "0.4578", "expert-recall"),
        ("south", "2015", "0.8959", "0.3648", "expert-recall"),
        ("east", "2014", "0.8095", "0.6861", "expert-recall"),
        ("northwest", "2013", "0.9720", "0.5115", "expert-recall"),
        ("central", "2012", "0.9944", "0.4733", "expert-recall"),
    ],
)
def test_grid_baseline_factors_as_published(region: str, year: str, om: str, bm: str, evidence: str) -> None:
    default = load("cn_grid_baseline")["source"]["evidence"]
    (row,) = rows_of("cn_grid_baseline", grid_region=region, year=year)

    assert (om, bm, evidence) == (row["om"], row["bm"], row.get("evidence", default))


def test_every_release_of_baseline_factors_covers_six_grids() -> None:
    data = load("cn_grid_baseline")
    years = {"2012", "2013", "2014", "2015", "2017", "2019"}
    found = {(row["grid_region"], row["year"]) for row in data["rows"]}

    assert len(data["keys"]["grid_region"]) == 6
    assert set(product(data["keys"]["grid_region"], years)) == found


def test_operating_margin_exceeds_build_margin_in_every_grid() -> None:
    assert all(Decimal(row["om"]) > Decimal(row["bm"]) for row in load("cn_grid_baseline")["rows"])


@pytest.mark.parametrize(
    ("series", "area", "year", "expected"),
    [
        ("ets_reporting", "national", "2015", "0.6101"),
        ("ets_reporting", "national", "2021", "0.5810"),
        ("ets_reporting", "national", "2022", "0.5703"),
        ("released", "national", "2021", "0.5568"),
        ("released", "national", "2022", "0.5366"),
        ("released", "national", "2023", "0.5306"),
        ("released", "southwest", "2021", "0.2113"),
        ("released", "central", "2022", "0.5395"),
        ("released", "hebei", "2021", "0.7901"),
        ("released", "shanxi", "2022", "0.7096"),
        ("released", "shaanxi", "2022", "0.6558"),
        ("released", "yunnan", "2022", "0.1073"),
        ("released", "xinjiang", "2021", "0.6577"),
    ],
)
def test_grid_average_factors_as_published(series: str, area: str, year: str, expected: str) -> None:
    (row,) = rows_of("cn_grid_average", series=series, area=area, year=year)

    assert row["ef"] == expected


def test_average_factors_cover_every_area_in_2021_and_2022() -> None:
    areas = load("cn_grid_average")["keys"]["area"]

    assert len(areas) == 1 + 7 + 30
    for year in ("2021", "2022"):
        assert {row["area"] for row in rows_of("cn_grid_average", series="released", year=year)} == set(areas)


@pytest.mark.parametrize("year", ["2021", "2022"])
def test_national_average_lies_between_the_regional_grids(year: str) -> None:
    names = ("north", "northeast", "east", "central", "northwest", "south", "southwest")
    regions = [released(name, year) for name in names]

    assert min(regions) < released("national", year) < max(regions)


@pytest.mark.parametrize(
    ("region", "provinces"),
    [
        ("northeast", ("liaoning", "jilin", "heilongjiang")),
        ("east", ("shanghai", "jiangsu", "zhejiang", "anhui", "fujian")),
        ("south", ("guangdong", "guangxi", "guizhou", "yunnan", "hainan")),
        ("northwest", ("shaanxi", "gansu", "qinghai", "ningxia", "xinjiang")),
    ],
)
@pytest.mark.parametrize("year", ["2021", "2022"])
def test_regional_average_lies_among_its_provinces(region: str, provinces: tuple[str, ...], year: str) -> None:
    inside = [released(name, year) for name in provinces]

    assert min(inside) < released(region, year) < max(inside)


def test_average_factors_are_marked_as_unfit_for_baselines() -> None:
    not_for = load("cn_grid_average")["not_for"]

    assert "基准线" in not_for["zh"]
    assert "Baselines" in not_for["en"]


@pytest.mark.parametrize(
    ("fuel", "ncv", "cc", "of", "amount_unit"),
    [
        ("anthracite", "24.515", "0.02749", "94", "t"),
        ("bituminous", "23.204", "0.02618", "93", "t"),
        ("briquette", "17.46", "0.03360", "90", "t"),
        ("diesel", "43.33", "0.02020", "98", "t"),
        ("naphtha", "41.031", "0.0200", "98", "t"),
        ("refinery_gas", "46.05", "0.01820", "99", "t"),
        ("lng", "41.868", "0.01530", "99", "t"),
        ("natural_gas", "389.31", "0.01530", "99", "10^4 Nm3"),
        ("coke_oven_gas", "173.854", "0.01360", "99", "10^4 Nm3"),
        ("blast_furnace_gas", "37.69", "0.07080", "99", "10^4 Nm3"),
        ("converter_gas", "79.54", "0.04960", "99", "10^4 Nm3"),
    ],
)
def test_chinese_fuel_defaults_as_published(fuel: str, ncv: str, cc: str, of: str, amount_unit: str) -> None:
    (row,) = rows_of("cn_fuels", fuel=fuel)

    assert (ncv, cc, of, amount_unit) == (row["NCV"], row["CC"], row["OF"], row["amount_unit"])


def test_natural_gas_emits_21_6219_tonnes_per_ten_thousand_cubic_metres() -> None:
    (gas,) = rows_of("cn_fuels", fuel="natural_gas")
    carbon = Decimal(gas["NCV"]) * Decimal(gas["CC"]) * Decimal(gas["OF"]) / 100

    assert Decimal("21.6219") == rounded(carbon * CARBON_TO_CO2, "0.0001")


def test_chinese_carbon_contents_lie_within_the_ipcc_limits() -> None:
    shared = set(load("cn_fuels")["keys"]["fuel"]) & set(load("ipcc2006_fuels")["keys"]["fuel"])

    assert len(shared) == 12
    for fuel in shared:
        kg_per_tj = value_of("cn_fuels", "CC", fuel=fuel) * CARBON_TO_CO2 * 1_000_000
        (ipcc,) = rows_of("ipcc2006_fuels", fuel=fuel)
        assert Decimal(ipcc["EF_CO2_low"]) <= kg_per_tj <= Decimal(ipcc["EF_CO2_high"]), fuel


def test_chinese_calorific_values_by_mass_lie_within_the_ipcc_limits() -> None:
    by_mass = {row["fuel"]: Decimal(row["NCV"]) for row in rows_of("cn_fuels", amount_unit="t")}
    ipcc = {row["fuel"]: row for row in load("ipcc2006_fuels")["rows"]}

    for fuel in by_mass.keys() & ipcc.keys():
        ncv = rounded(by_mass[fuel], "0.1")
        assert Decimal(ipcc[fuel]["NCV_low"]) <= ncv <= Decimal(ipcc[fuel]["NCV_high"]), fuel


@pytest.mark.parametrize(
    ("fuel", "expected"),
    [
        ("anthracite", "26.7 21.6 32.2 98300 94600 101000"),
        ("bituminous", "25.8 19.9 30.5 94600 89500 99700"),
        ("lignite", "11.9 5.5 21.6 101000 90900 115000"),
        ("diesel", "43.0 41.4 43.3 74100 72600 74800"),
        ("fuel_oil", "40.4 39.8 41.7 77400 75500 78800"),
        ("natural_gas", "48.0 46.5 50.4 56100 54300 58300"),
        ("petroleum_coke", "32.5 29.7 41.9 97500 82900 115000"),
    ],
)
def test_ipcc_fuel_defaults_as_published(fuel: str, expected: str) -> None:
    (row,) = rows_of("ipcc2006_fuels", fuel=fuel)
    columns = ("NCV", "NCV_low", "NCV_high", "EF_CO2", "EF_CO2_low", "EF_CO2_high")

    assert expected.split() == [row[column] for column in columns]


@pytest.mark.parametrize("quantity", ["NCV", "EF_CO2"])
def test_ipcc_defaults_lie_between_their_limits(quantity: str) -> None:
    for row in load("ipcc2006_fuels")["rows"]:
        low, default, high = (Decimal(row[quantity + end]) for end in ("_low", "", "_high"))
        assert low <= default <= high, row["fuel"]


@pytest.mark.parametrize(
    ("gas", "values"),
    [
        ("co2", {"ar2": "1", "ar4": "1", "ar5": "1", "ar6": "1"}),
        ("ch4", {"ar2": "21", "ar4": "25", "ar5": "28", "ar6": "27.0"}),
        ("ch4_fossil", {"ar2": "21", "ar4": "25", "ar5": "30", "ar6": "29.8"}),
        ("n2o", {"ar2": "310", "ar4": "298", "ar5": "265", "ar6": "273"}),
        ("sf6", {"ar2": "23900", "ar4": "22800", "ar5": "23500", "ar6": "24300"}),
        ("nf3", {"ar4": "17200", "ar5": "16100", "ar6": "17400"}),
        ("c_c4f8", {"ar2": "8700", "ar4": "10300", "ar5": "9540", "ar6": "10200"}),
        ("hfc_23", {"ar2": "11700", "ar4": "14800", "ar5": "12400", "ar6": "14600"}),
        ("hfc_43_10mee", {"ar2": "1300", "ar4": "1640", "ar5": "1650", "ar6": "1600"}),
        ("hfc_1234yf", {"ar4": "4", "ar6": "0.501"}),
        ("hfc_1234ze_e", {"ar4": "6", "ar6": "1.37"}),
        ("hcfc_22", {"ar4": "1810", "ar5": "1760", "ar6": "1960"}),
        ("cfc_12", {"ar4": "10900", "ar5": "10200", "ar6": "12500"}),
    ],
)
def test_warming_potentials_as_published(gas: str, values: dict[str, str]) -> None:
    assert values == {row["set"]: row["value"] for row in rows_of("gwp", gas=gas)}


@pytest.mark.parametrize(
    ("blend", "ar4", "ar5", "ar6"),
    [
        ("R410A", "2087.5", "1923.5", "2255.5"),
        ("R404A", "3921.6", "3942.8", "4728.0"),
        ("R407C", "1773.9", "1624.2", "1907.9"),
        ("R507A", "3985", "3985", "4775"),
    ],
)
def test_blends_weighted_by_mass_equal_the_published_values(blend: str, ar4: str, ar5: str, ar6: str) -> None:
    assert sum(BLENDS[blend].values()) == 100
    for name, expected in (("ar4", ar4), ("ar5", ar5), ("ar6", ar6)):
        parts = [share * value_of("gwp", "value", gas=gas, set=name) for gas, share in BLENDS[blend].items()]
        assert Decimal(expected) == rounded(sum(parts, Decimal()) / 100, "0.1")


@pytest.mark.parametrize("name", bundled().table_ids())
def test_table_is_read_by_the_engine_with_all_its_rows(name: str) -> None:
    path = bundled().root / "factors" / f"{name}.yaml"
    table = factor_table(read_yaml(path))
    assert len(table.rows) == len(yaml.safe_load(path.read_text(encoding="utf-8"))["rows"])
