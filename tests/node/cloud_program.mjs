// A program as it runs in Azure: a credential without arguments, and the Graph client. The environment alone says where.
// Its argument is the credential's name; it prints the claims of its token.
import * as identity from "@azure/identity";
import { Client } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider }
  from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

const { OSIMAGES_URL } = process.env;
const credential = new identity[process.argv[2]]();
const authProvider = new TokenCredentialAuthenticationProvider(credential, {
  scopes: ["https://graph.microsoft.com/.default"],
});
const graph = Client.initWithMiddleware({
  authProvider, baseUrl: OSIMAGES_URL, customHosts: new Set([new URL(OSIMAGES_URL).hostname]), defaultVersion: "beta",
});
const page = await graph.api("/deviceManagement/managedDeviceWindowsOSImages").select("id").get();
const token = await authProvider.getAccessToken();
const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
console.log(JSON.stringify({ count: page.value.length, claims }));
