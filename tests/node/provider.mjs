// A real provider of identities for the tests, on this machine only. What it needs comes in as JSON on standard input:
// issuer, port, audience, scopes, clients. Whoever signs in as "x" has the address x@school.example; it is checked,
// unless the name begins with "ongecontroleerd".
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";

import Provider from "oidc-provider";

const { issuer, port, audience, scopes, clients } = JSON.parse(readFileSync(0, "utf8"));

const key = (kind, options, alg) => {
  const { privateKey } = generateKeyPairSync(kind, options);
  return { ...privateKey.export({ format: "jwk" }), alg, use: "sig", kid: alg };
};

const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [key("rsa", { modulusLength: 2048 }, "RS256"), key("ec", { namedCurve: "P-256" }, "ES256")] },
  cookies: { keys: ["only-for-tests"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  pkce: { required: () => true },
  findAccount: (_, accountId) => ({
    accountId,
    claims: () => ({
      sub: accountId,
      email: `${accountId}@school.example`,
      email_verified: !accountId.startsWith("ongecontroleerd"),
    }),
  }),
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => ({
        scope: scopes.join(" "),
        audience: resource === audience ? audience : "someone-else",
        accessTokenFormat: "jwt",
        accessTokenTTL: 600,
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
});

provider.listen(port, "127.0.0.1", () => console.log("ready"));
