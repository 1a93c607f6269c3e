"""Groups with `rollup` as the groups that they stand for, from the finest to the coarsest.

Source: OData Extension for Data Aggregation, section 3.2.3.2 (Grouping with rollup)
https://docs.oasis-open.org/odata/odata-data-aggregation-ext/v4.0/odata-data-aggregation-ext-v4.0.html#Groupingwithrollup
"""

from __future__ import annotations

from itertools import chain, product
from math import prod

from osimages.odata.plan.scope import BindError, UnsupportedError
from osimages.odata.text.query_tree import GroupByStep, Rollup, UnsupportedStep
from osimages.odata.text.tree import Expression

_MOST_GROUPINGS = 16
_Paths = tuple[Expression, ...]


def rolled_up(step: GroupByStep) -> tuple[GroupByStep, ...]:
    """Each step groups by one level of every hierarchy; the step itself where there is none. Raises BindError."""
    levels = [_levels(each) for each in step.groups]
    if prod(map(len, levels)) > _MOST_GROUPINGS:
        raise BindError(f"'rollup' stands for more than {_MOST_GROUPINGS} groupings", step.position)
    return tuple(GroupByStep(tuple(chain(*each)), step.steps, step.position) for each in product(*levels))


def _levels(group: Expression | Rollup | UnsupportedStep) -> list[_Paths]:
    if isinstance(group, UnsupportedStep):
        raise UnsupportedError(
            f"'{group.name}' is not supported: no recursive hierarchies are declared", group.position
        )
    if not isinstance(group, Rollup):
        return [(group,)]
    if len(group.paths) < 2:
        raise UnsupportedError(
            "'rollup' takes two properties or more: no named hierarchies are declared", group.position
        )
    return [group.paths[:length] for length in range(len(group.paths), 0, -1)]
