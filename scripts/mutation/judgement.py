"""Says of a mutant who notices it: loading and checks, proofs, golden cases; or that it means the same."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mutation.cases import Case, cases_of, difference, planned
from mutation.equivalence import same_meaning
from mutation.mutants import Mutant, mutants
from tonne.engine.check.checks import check
from tonne.engine.check.infer import infer
from tonne.engine.data.store import open_store
from tonne.engine.errors import Place, SpecError, TonneError
from tonne.engine.prove.prove import check_and_prove
from tonne.engine.spec.catalogue import bundled, load_methodology
from tonne.engine.spec.linking import link
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.models import MethodologySpec
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document

By = Literal["checks", "proofs", "cases", "equivalent", "survivor"]


@dataclass(frozen=True)
class Verdict:
    """Who noticed a mutant, and by what."""

    mutant: Mutant
    by: By
    how: str


class Bench:
    """The bundled methodologies, tables and cases, read once."""

    def __init__(self) -> None:
        self.originals = {name: load_methodology(name) for name in bundled().ids()}
        self.tables = {
            name: table for methodology in self.originals.values() for name, table in methodology.tables.items()
        }
        self.cases = {name: cases_of(name) for name in self.originals}
        self.store = open_store([Path(__file__).parent])
        self._inferences = {name: infer(methodology) for name, methodology in self.originals.items()}
        self._planned = {
            case.id: planned(case, methodology, self._inferences[name])
            for name, methodology in self.originals.items()
            for case in self.cases[name]
        }
        self._noticed: Counter[str] = Counter()

    def mutants(self, name: str) -> list[Mutant]:
        """Make every mutant of a bundled methodology."""
        return mutants(self.originals[name], self.tables)

    def judge(self, mutant: Mutant, *, proofs_first: bool) -> Verdict:
        """Decide one mutant.

        Args:
            mutant: the wrong spec.
            proofs_first: run the proofs before the cases, to know what is noticed without cases; otherwise only
                when nothing else decides, which is much faster and finds the same survivors.
        """
        concerned: list[Methodology] = []
        try:
            for methodology in self.linked(mutant):
                failed = next((finding.code for finding in check(methodology).findings if finding.failed), None)
                if failed:
                    return Verdict(mutant, "checks", failed)
                concerned.append(methodology)
        except TonneError as fault:
            return Verdict(mutant, "checks", f"load: {fault.problems[0].what}")
        steps = [self._cases, self._equivalent, self._proofs, self._proofs_of_users]
        if proofs_first:
            steps = [self._proofs, self._cases, self._equivalent, self._proofs_of_users]
        verdicts = (step(mutant, concerned) for step in steps)
        return next((verdict for verdict in verdicts if verdict is not None), Verdict(mutant, "survivor", ""))

    def linked(self, mutant: Mutant) -> Iterator[Methodology]:
        """Link the mutant, and the methodologies that use it as a module."""
        original = self.originals[mutant.methodology]
        data = mutant.data(original.document.data)
        document = replace(original.document, data=data, digest=mutant.id, scalars={})
        spec = shaped(MethodologySpec, document, SpecError)
        yield self._linked(spec, document, spec, document)
        for user in self.originals.values():
            if any(use.module == mutant.methodology for use in user.spec.uses.values()):
                marked = replace(user.document, digest=f"{user.id} with {mutant.id}")
                yield self._linked(user.spec, marked, spec, document)

    def failing_cases(self) -> Iterator[str]:
        """Name the cases that the specs as they are do not pass."""
        for name, methodology in self.originals.items():
            for case in self.cases[name]:
                wrong = difference(case, methodology, self._inferences[name], self.store)
                if wrong:
                    yield f"{case.id}: {wrong}"

    def _proofs(self, mutant: Mutant, concerned: list[Methodology]) -> Verdict | None:
        return self._first_refuted(mutant, concerned[:1])

    def _proofs_of_users(self, mutant: Mutant, concerned: list[Methodology]) -> Verdict | None:
        """Ask for the proofs of the methodologies that use a mutant module, which take several times as long."""
        return self._first_refuted(mutant, concerned[1:])

    def _first_refuted(self, mutant: Mutant, methodologies: list[Methodology]) -> Verdict | None:
        for methodology in methodologies:
            failed = next((item for item in check_and_prove(methodology).findings if item.failed), None)
            if failed:
                return Verdict(mutant, "proofs", failed.code)
        return None

    def _cases(self, mutant: Mutant, concerned: list[Methodology]) -> Verdict | None:
        for methodology in concerned:
            cases = self._concerned(mutant, methodology.id)
            inference = infer(methodology) if cases else None
            for case in cases:
                wrong = difference(case, methodology, inference, self.store)
                if wrong:
                    self._noticed[case.id] += 1
                    return Verdict(mutant, "cases", f"{case.id}: {wrong}")
        return None

    def _equivalent(self, mutant: Mutant, concerned: list[Methodology]) -> Verdict | None:
        original, wrong = self.originals[mutant.methodology], concerned[0]
        why = same_meaning(original, self._inferences[original.id], wrong, infer(wrong))
        return Verdict(mutant, "equivalent", why) if why else None

    def _concerned(self, mutant: Mutant, methodology: str) -> list[Case]:
        """Give the cases whose plan has the changed quantity, first those that noticed most so far.

        What a plan leaves out is not read, so the other cases cannot notice.
        """
        part, _, rest = mutant.where.partition(".")
        name = rest.split(".")[0] if part in {"parameters", "equations"} else None
        cases = [
            case
            for case in self.cases[methodology]
            if name is None or self._planned[case.id] is None or name in self._planned[case.id]
        ]
        return sorted(cases, key=lambda case: -self._noticed[case.id])

    def _linked(
        self, spec: MethodologySpec, document: Document, changed: MethodologySpec, changed_document: Document
    ) -> Methodology:
        def find_module(name: str, _place: Place) -> tuple[MethodologySpec, Document]:
            if name == changed.id:
                return changed, changed_document
            return self.originals[name].spec, self.originals[name].document

        return link(spec, document, find_module, lambda name, _place: self.tables[name])
