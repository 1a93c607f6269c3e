"""`Schema`: what an application declares to `ODataApp`."""

from __future__ import annotations

from collections.abc import Iterable

from osimages.odata.model.types import EntitySet, Model, Singleton


class Schema(Model):
    """Everything that a service root offers: entity sets, and singletons with entity sets of their own below them."""

    def __init__(
        self,
        namespace: str,
        container: str = "Container",
        singletons: Iterable[Singleton] = (),
        sets: Iterable[EntitySet] = (),
    ) -> None:
        super().__init__(namespace, container, tuple(singletons), tuple(sets))
