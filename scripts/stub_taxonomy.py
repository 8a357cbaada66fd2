"""Makes a small taxonomy package for tests and trials: a few real element names of ESRS E1, everything else our own.

It holds no text of a publisher, and it is no substitute for the publisher's package: a filing needs that one.
"""

import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NAMESPACE = "https://xbrl.efrag.org/taxonomy/esrs/2023-12-22"
TYPES = "http://www.xbrl.org/dtr/type/2024-01-31"
TONNES, SHARE, TEXT_BLOCK = "ghgEmissionsItemType", "percentItemType", "textBlockItemType"
EARLIEST = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Hypercube:
    """A closed hypercube of one typed axis, or of none, and the elements that may be reported in it."""

    role: str
    axis: str | None
    domain: str | None
    elements: dict[str, str]


HYPERCUBES = (
    Hypercube(
        "actions",
        "IdentifierOfActionPlanTypedAxis",
        "ActionPlanIdentifier",
        {"AchievedGHGEmissionReductions": TONNES, "ExpectedGHGEmissionReductions": TONNES},
    ),
    Hypercube(
        "emissions",
        None,
        None,
        {
            "GrossScope1GreenhouseGasEmissions": TONNES,
            "GrossLocationBasedScope2GreenhouseGasEmissions": TONNES,
            "GrossMarketBasedScope2GreenhouseGasEmissions": TONNES,
        },
    ),
    Hypercube(
        "removals",
        "NameOfRemovalAndStorageActivityTypedAxis",
        "RemovalAndStorageActivityName",
        {
            "GHGRemovalsAndStorage": TONNES,
            "Reversals": TONNES,
            "GHGEmissionsAssociatedWithRemovalActivity": TONNES,
        },
    ),
    Hypercube(
        "credits",
        None,
        None,
        {
            "AmountOfCarbonCreditsOutsideValueChainThatAreVerifiedAgainstRecognisedQualityStandardsAndCancelled": TONNES,
            "AmountOfCarbonCreditsOutsideValueChainPlannedToBeCancelledInFuture": TONNES,
            "PercentageOfCarbonCreditsCancelledFromReductionProjects": SHARE,
            "PercentageOfCarbonCreditsCancelledFromRemovalProjects": SHARE,
            "DisclosureOfExtentOfUseAndQualityCriteriaUsedForCarbonCreditsExplanatory": TEXT_BLOCK,
        },
    ),
)

PACKAGE = f"""<?xml version="1.0" encoding="UTF-8"?>
<tp:taxonomyPackage xmlns:tp="http://xbrl.org/2016/taxonomy-package" xml:lang="en">
  <tp:identifier>urn:tonne:test-stub</tp:identifier>
  <tp:name>Test stub</tp:name>
  <tp:description>Self-authored test stub. Not EFRAG content.</tp:description>
  <tp:version>1</tp:version>
  <tp:publisher>test</tp:publisher>
  <tp:entryPoints>
    <tp:entryPoint>
      <tp:name>All</tp:name>
      <tp:entryPointDocument href="{NAMESPACE}/esrs_all.xsd"/>
    </tp:entryPoint>
  </tp:entryPoints>
</tp:taxonomyPackage>
"""
CATALOGUE = f"""<?xml version="1.0" encoding="UTF-8"?>
<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
  <rewriteURI uriStartString="{NAMESPACE}/" rewritePrefix="../esrs/"/>
</catalog>
"""
SCHEMA = """<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xbrli="http://www.xbrl.org/2003/instance"
    xmlns:xbrldt="http://xbrl.org/2005/xbrldt" xmlns:link="http://www.xbrl.org/2003/linkbase"
    xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dtr="{types}" xmlns:esrs="{namespace}"
    targetNamespace="{namespace}" elementFormDefault="qualified">
  <xs:annotation><xs:appinfo>
{roles}
    <link:linkbaseRef xlink:type="simple" xlink:href="esrs_def.xml" xlink:arcrole="http://www.w3.org/1999/xlink/properties/linkbase"
        xlink:role="http://www.xbrl.org/2003/role/definitionLinkbaseRef"/>
  </xs:appinfo></xs:annotation>
  <xs:import namespace="http://www.xbrl.org/2003/instance" schemaLocation="http://www.xbrl.org/2003/xbrl-instance-2003-12-31.xsd"/>
  <xs:import namespace="http://xbrl.org/2005/xbrldt" schemaLocation="http://www.xbrl.org/2005/xbrldt-2005.xsd"/>
  <xs:import namespace="{types}" schemaLocation="https://www.xbrl.org/dtr/type/2024-01-31/types.xsd"/>
{elements}
</xs:schema>
"""
LINKBASE = """<?xml version="1.0" encoding="UTF-8"?>
<link:linkbase xmlns:link="http://www.xbrl.org/2003/linkbase" xmlns:xlink="http://www.w3.org/1999/xlink"
    xmlns:xbrldt="http://xbrl.org/2005/xbrldt">
{references}
{links}
</link:linkbase>
"""
ARCROLES = {
    "all": "http://xbrl.org/int/dim/arcrole/all",
    "hypercube-dimension": "http://xbrl.org/int/dim/arcrole/hypercube-dimension",
    "domain-member": "http://xbrl.org/int/dim/arcrole/domain-member",
}


def _element(name: str, kind: str, group: str = "xbrli:item", more: str = "") -> str:
    return (
        f'  <xs:element name="{name}" id="esrs_{name}" type="{kind}" substitutionGroup="{group}" '
        f'xbrli:periodType="duration" nillable="true"{more}/>'
    )


def _elements() -> Iterator[str]:
    for cube in HYPERCUBES:
        title = cube.role.capitalize()
        abstract = ' abstract="true"'
        yield _element(f"{title}LineItems", "xbrli:stringItemType", more=abstract)
        yield _element(f"{title}Table", "xbrli:stringItemType", "xbrldt:hypercubeItem", abstract)
        if cube.axis:
            yield f'  <xs:element name="{cube.domain}" id="esrs_{cube.domain}" type="xs:string"/>'
            typed = f' abstract="true" xbrldt:typedDomainRef="#esrs_{cube.domain}"'
            yield _element(cube.axis, "xbrli:stringItemType", "xbrldt:dimensionItem", typed)
        for name, kind in cube.elements.items():
            yield _element(name, f"dtr:{kind}")


def _role(cube: Hypercube) -> str:
    return f"{NAMESPACE}/role/{cube.role}"


def _roles() -> Iterator[str]:
    for cube in HYPERCUBES:
        yield (
            f'    <link:roleType roleURI="{_role(cube)}" id="{cube.role}">'
            "<link:usedOn>link:definitionLink</link:usedOn></link:roleType>"
        )


def _link(cube: Hypercube) -> str:
    title = cube.role.capitalize()
    items, table = f"{title}LineItems", f"{title}Table"
    closed = ' xbrldt:closed="true" xbrldt:contextElement="scenario"'
    arcs = [("all", items, table, closed)]
    if cube.axis:
        arcs.append(("hypercube-dimension", table, cube.axis, ""))
    arcs += [("domain-member", items, name, "") for name in cube.elements]
    names = dict.fromkeys([items, table, *(target for _, _, target, _ in arcs)])
    lines = [f'<link:definitionLink xlink:type="extended" xlink:role="{_role(cube)}">']
    lines += [
        f'  <link:loc xlink:type="locator" xlink:href="esrs_cor.xsd#esrs_{name}" xlink:label="{name}"/>'
        for name in names
    ]
    lines += [
        f'  <link:definitionArc xlink:type="arc" xlink:arcrole="{ARCROLES[role]}" xlink:from="{source}" '
        f'xlink:to="{target}" order="{order}"{more}/>'
        for order, (role, source, target, more) in enumerate(arcs, 1)
    ]
    return "\n".join([*lines, "</link:definitionLink>"])


def _linkbase() -> str:
    references = [
        f'<link:roleRef roleURI="{_role(cube)}" xlink:type="simple" xlink:href="esrs_cor.xsd#{cube.role}"/>'
        for cube in HYPERCUBES
    ]
    references += [
        f'<link:arcroleRef arcroleURI="{uri}" xlink:type="simple" xlink:href="http://www.xbrl.org/2005/xbrldt-2005.xsd#{name}"/>'
        for name, uri in ARCROLES.items()
    ]
    return LINKBASE.format(references="\n".join(references), links="\n".join(map(_link, HYPERCUBES)))


def _entry_point() -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}/all">\n'
        f'  <xs:import namespace="{NAMESPACE}" schemaLocation="esrs_cor.xsd"/>\n'
        "</xs:schema>\n"
    )


def stub_taxonomy(path: Path) -> Path:
    """Write the package as a zip archive, whose bytes are always the same."""
    schema = SCHEMA.format(types=TYPES, namespace=NAMESPACE, roles="\n".join(_roles()), elements="\n".join(_elements()))
    files = {
        "META-INF/taxonomyPackage.xml": PACKAGE,
        "META-INF/catalog.xml": CATALOGUE,
        "esrs/esrs_all.xsd": _entry_point(),
        "esrs/esrs_cor.xsd": schema,
        "esrs/esrs_def.xml": _linkbase(),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(f"{path.stem}/{name}", EARLIEST), text)
    return path


def main() -> None:
    """Write the package to the path that is named."""
    if len(sys.argv) != 2:
        sys.exit("usage: stub_taxonomy.py PACKAGE.zip")
    print(stub_taxonomy(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
