"""Consent: the permissions that a user grants an application, and those that are still missing.

https://learn.microsoft.com/entra/identity-platform/permissions-consent-overview. Unlike Entra, a token grants what was
asked for and no more, also where the user once agreed to more: so that tests of least privilege mean something.
"""

from __future__ import annotations

from osimages.entra.emulator.directory import Application, User
from osimages.entra.emulator.encrypted_tokens import Party
from osimages.entra.emulator.scopes import RequestedScope
from osimages.entra.emulator.shared_state import EmulatorState

# What signing in itself needs, which every tenant's administrators have agreed to.
_ALWAYS = frozenset({"User.Read"})


def wanted(asked: RequestedScope, client: Application) -> frozenset[str]:
    """Return the permissions that a scope stands for: with `.default` all that the application is registered for."""
    if not asked.everything:
        return frozenset(asked.names)
    resource = asked.resource.application
    registered = frozenset(client.delegated_permissions)
    if resource is None:
        return registered
    offered = frozenset(resource.exposed_permissions)
    return offered if resource.id == client.id else registered & offered


def missing(asked: RequestedScope, client: Application, party: Party, state: EmulatorState) -> frozenset[str]:
    """Return those of the wanted permissions that neither an administrator nor the user has agreed to."""
    left = wanted(asked, client) - _ALWAYS
    if client.admin_consent:
        left -= frozenset(client.delegated_permissions)
    if not left or (asked.resource.application is not None and asked.resource.id == client.id):
        return frozenset()
    return left - state.consented(party.tenant, party.user, client.id, asked.resource.id)


def beyond(permissions: frozenset[str], user: User) -> frozenset[str]:
    """Return those that only an administrator may agree to, not this user."""
    return permissions - frozenset(permissions if user.delegated_permissions is None else user.delegated_permissions)
