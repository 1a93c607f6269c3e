// Signs in with @azure/msal-node: as an application, and for a user with a code, silently after that.
// Its argument is a description in JSON; it prints the address to sign in at and reads the code from standard input.
import { createInterface } from "node:readline/promises";
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from "@azure/msal-node";

const asked = JSON.parse(process.argv[2]);
const authority = `${asked.url}/${asked.tenant}`;
const auth = { clientId: asked.client, authority, knownAuthorities: [new URL(asked.url).host] };
const scopes = ["https://graph.microsoft.com/DeviceManagementConfiguration.Read.All"];

const service = new ConfidentialClientApplication({ auth: { ...auth, clientSecret: asked.secret } });
const own = await service.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });

const desktop = new PublicClientApplication({ auth });
const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
const redirectUri = asked.redirect;
console.log(await desktop.getAuthCodeUrl({ scopes, redirectUri, codeChallenge: challenge, codeChallengeMethod: "S256" }));
const code = await createInterface({ input: process.stdin }).question("");
const user = await desktop.acquireTokenByCode({ code, scopes, redirectUri, codeVerifier: verifier });
const cached = await desktop.acquireTokenSilent({ account: user.account, scopes });
const renewed = await desktop.acquireTokenSilent({ account: user.account, scopes, forceRefresh: true });
console.log(JSON.stringify({
  own: own.accessToken, user: user.accessToken, name: user.account.username, isCached: cached.fromCache,
  isRenewed: !renewed.fromCache && renewed.accessToken !== user.accessToken,
}));
