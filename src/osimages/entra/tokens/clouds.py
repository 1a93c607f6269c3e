"""The national clouds of Microsoft: which audiences and issuers a token of each one names.

Sources: https://learn.microsoft.com/en-us/graph/deployments for the global, US Government and China clouds;
https://github.com/microsoft/EntraExporter/issues/118 and the known hosts of MSAL for Bleu, Delos and GovSG;
https://learn.microsoft.com/en-us/answers/questions/1190472 for the issuers of v1.0 tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

# The application id of Microsoft Graph itself, the same in every cloud.
GRAPH_APPLICATION_ID = "00000003-0000-0000-c000-000000000000"

# The tenant that stands for all personal Microsoft accounts.
# https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
CONSUMER_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"


@dataclass(frozen=True, slots=True)
class Cloud:
    """One national cloud. URLs have no trailing slash.

    `graph_roots` are Graph's resource URLs; `authorities` are Entra's roots, the preferred one first;
    `v1_issuers` are the roots that v1.0 tokens name in `iss`, and v2.0 tokens name an authority there.
    """

    name: str
    graph_roots: tuple[str, ...]
    authorities: tuple[str, ...]
    v1_issuers: tuple[str, ...]

    @property
    def audiences(self) -> frozenset[str]:
        """All values of `aud` that mean Graph in this cloud."""
        return frozenset({GRAPH_APPLICATION_ID, *self.graph_roots, *(f"{root}/" for root in self.graph_roots)})

    @property
    def authorization_uri(self) -> str:
        """The address that a 401 sends clients to for signing in."""
        return f"{self.authorities[0]}/common/oauth2/authorize"

    @property
    def issuer_forms(self) -> tuple[str | None, str]:
        """The issuers of v1.0 tokens (None where there are none) and of v2.0 tokens, with `{tenant}` for the tenant."""
        v1 = next((f"{root}/{{tenant}}/" for root in self.v1_issuers), None)
        return v1, f"{self.authorities[0]}/{{tenant}}/v2.0"

    def at(self, authority_url: str) -> Cloud:
        """Return the same cloud with an authority at another address, such as a stand-in for tests."""
        return replace(self, authorities=(authority_url,))

    def issuers(self, tenant: str) -> frozenset[str]:
        """Return every value of `iss` that a token of this tenant may have: the v1.0 and the v2.0 form."""
        v1 = {f"{root}/{tenant}/" for root in self.v1_issuers}
        v2 = {f"{root}/{tenant}/v2.0" for root in self.authorities}
        return frozenset(v1 | v2)


_WINDOWS_STS = ("https://sts.windows.net",)
GLOBAL = Cloud("global", ("https://graph.microsoft.com",), ("https://login.microsoftonline.com",), _WINDOWS_STS)
US_GOVERNMENT_L4 = Cloud("usgov", ("https://graph.microsoft.us",), ("https://login.microsoftonline.us",), _WINDOWS_STS)
US_GOVERNMENT_L5 = Cloud(
    "usgovdod", ("https://dod-graph.microsoft.us",), ("https://login.microsoftonline.us",), _WINDOWS_STS
)
CHINA = Cloud(
    "china",
    ("https://microsoftgraph.chinacloudapi.cn",),
    ("https://login.partner.microsoftonline.cn", "https://login.chinacloudapi.cn"),
    ("https://sts.chinacloudapi.cn",),
)
# The sovereign partner clouds publish no issuer of v1.0 tokens, so none is guessed: only v2.0 tokens are accepted.
BLEU = Cloud("bleu", ("https://graph.svc.sovcloud.fr",), ("https://login.sovcloud-identity.fr",), ())
DELOS = Cloud("delos", ("https://graph.svc.sovcloud.de",), ("https://login.sovcloud-identity.de",), ())
GOVSG = Cloud("govsg", ("https://graph.svc.sovcloud.sg",), ("https://login.sovcloud-identity.sg",), ())

CLOUDS: Mapping[str, Cloud] = {
    each.name: each for each in (GLOBAL, US_GOVERNMENT_L4, US_GOVERNMENT_L5, CHINA, BLEU, DELOS, GOVSG)
}
