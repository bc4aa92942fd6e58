"""What a GraphQL document comes to when its fragments are put in, before it is run.

A fragment that spreads another one twice, and so on, doubles with each step: a short
text would keep a worker busy for hours. Counted here with each fragment looked at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

MAX_FRAGMENTS = 100
MAX_SELECTIONS = 20_000
"""Fields of a document with its fragments put in; a panel's queries have some 100."""


def find_excess(document: DocumentNode) -> str | None:
    """Return what is too much about a document, in a sentence; None if nothing is."""
    fragments = {
        node.name.value: node.selection_set
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    if len(fragments) > MAX_FRAGMENTS:
        return f"query: at most {MAX_FRAGMENTS} fragments are allowed"
    counter = _Counter(fragments)
    try:
        total = sum(
            counter.count(node.selection_set)
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        )
    except RecursionError:
        return "query: it is nested too deeply"
    if total > MAX_SELECTIONS:
        return (
            f"query: it comes to more than {MAX_SELECTIONS} fields with its fragments "
            "put in: ask for less, or in several queries"
        )
    return None


class _Counter:
    """Counts selections with fragments put in, each fragment once."""

    def __init__(self, fragments: Mapping[str, SelectionSetNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, int] = {}

    def count(self, selections: SelectionSetNode | None) -> int:
        if selections is None:
            return 0
        total = 0
        for node in selections.selections:
            if isinstance(node, FragmentSpreadNode):
                total += self._count_fragment(node.name.value)
            elif isinstance(node, FieldNode | InlineFragmentNode):
                total += 1 + self.count(node.selection_set)
        return total

    def _count_fragment(self, name: str) -> int:
        if name not in self._known:
            # One that spreads itself counts as nothing: validation refuses it.
            self._known[name] = 0
            self._known[name] = 1 + self.count(self._fragments.get(name))
        return self._known[name]
