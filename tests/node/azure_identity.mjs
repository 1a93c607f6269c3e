// Signs in with @azure/identity and lists the images with the Graph client, as a program does that was told nothing about
// certificates (NODE_EXTRA_CA_CERTS does that). Its argument is a description in JSON.
import { AuthorizationCodeCredential, ClientCertificateCredential, ClientSecretCredential, DeviceCodeCredential,
  EnvironmentCredential, OnBehalfOfCredential } from "@azure/identity";
import { Client } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider }
  from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

const asked = JSON.parse(process.argv[2]);
const options = { authorityHost: asked.url, disableInstanceDiscovery: true };
const { tenant, client } = asked;

const makers = {
  secret: () => new ClientSecretCredential(tenant, client, asked.secret, options),
  certificate: () => new ClientCertificateCredential(tenant, client, { certificate: asked.certificate }, options),
  environment: () => new EnvironmentCredential(options),
  code: () => new AuthorizationCodeCredential(tenant, client, asked.secret, asked.code, asked.redirect, options),
  behalf: () => new OnBehalfOfCredential({ ...options, tenantId: tenant, clientId: client, clientSecret: asked.secret,
    userAssertionToken: asked.assertion }),
  device: () => new DeviceCodeCredential({ ...options, tenantId: tenant, clientId: client,
    userPromptCallback: (shown) => console.log(JSON.stringify(shown)) }),
};

const authProvider = new TokenCredentialAuthenticationProvider(makers[asked.kind](), {
  scopes: ["https://graph.microsoft.com/.default"],
});
const graph = Client.initWithMiddleware({
  authProvider, baseUrl: asked.url, customHosts: new Set([new URL(asked.url).hostname]), defaultVersion: "beta",
});
const page = await graph.api("/deviceManagement/managedDeviceWindowsOSImages").select("id").get();
console.log(JSON.stringify({ count: page.value.length, token: await authProvider.getAccessToken() }));
