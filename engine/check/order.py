"""What depends on what: groups of equations in the order in which they can be computed."""

from collections.abc import Iterable, Mapping, Sequence

from tonne.engine.spec.tree import Name, Node, Previous, walk


def dependencies(tree: Node, known: Iterable[str], earlier: bool = True) -> set[str]:
    """Collect the equations a formula needs; with `earlier`, those of earlier steps too."""
    names = set(known)
    found = {part.id for part in walk(tree) if isinstance(part, Name)}
    if earlier:
        found |= {part.name for part in walk(tree) if isinstance(part, Previous)}
    return found & names


def groups(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Give the strongly connected components of a graph, what is needed first.

    Tarjan's algorithm without recursion, so that a long chain cannot exhaust the stack. Within a
    group the order is that of the graph.
    """
    order = {name: position for position, name in enumerate(graph)}
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    on_stack: set[str] = set()
    stack: list[str] = []
    found: list[list[str]] = []
    for root in graph:
        if root in number:
            continue
        work = [(root, iter(sorted(graph[root], key=order.__getitem__)))]
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while work:
            name, needs = work[-1]
            for need in needs:
                if need not in number:
                    number[need] = low[need] = len(number)
                    stack.append(need)
                    on_stack.add(need)
                    work.append((need, iter(sorted(graph[need], key=order.__getitem__))))
                    break
                if need in on_stack:
                    low[name] = min(low[name], number[need])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    group: list[str] = []
                    while not group or group[-1] != name:
                        group.append(stack.pop())
                        on_stack.discard(group[-1])
                    found.append(sorted(group, key=order.__getitem__))
    return found


def cycles(trees: Mapping[str, Node]) -> list[list[str]]:
    """List the groups of equations that need each other within one step."""
    graph = {name: dependencies(tree, trees, earlier=False) for name, tree in trees.items()}
    return [group for group in groups(graph) if len(group) > 1 or group[0] in graph[group[0]]]


def ring(group: Sequence[str], limit: int = 12) -> str:
    """Write a cycle as `a → b → a`, cut after a readable number."""
    shown = [*group, group[0]] if len(group) <= limit else [*group[:limit], f"… ({len(group)})", group[0]]
    return " → ".join(shown)


def reachable(trees: Mapping[str, Node], roots: Iterable[str]) -> set[str]:
    """Collect everything that the roots need, themselves included; parameters too."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        tree = trees.get(name)
        if tree is not None:
            waiting.extend(
                part.id if isinstance(part, Name) else part.name
                for part in walk(tree)
                if isinstance(part, Name | Previous)
            )
    return found
