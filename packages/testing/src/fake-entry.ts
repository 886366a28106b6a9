/** An entry of the catalogue for a provider that it does not have, so that there is a page to connect it at. */
export function fakeEntry(id: string, hosts: readonly string[]): string {
  const [host] = hosts;
  const page = `https://${id}.example/docs`;
  const answer = (json: object): object => ({ json });
  return JSON.stringify({
    id,
    name: id,
    category: "developer",
    description: "A fake provider for a test",
    kind: "oauth2",
    docs: { oauth: page },
    sources: [page],
    verifiedOn: "2026-01-01",
    verified: "not",
    authorize: { url: `https://${id}.example/authorize`, pkce: "supported" },
    token: { url: `https://${id}.example/token`, clientAuth: "post", lifetimeSeconds: null },
    refresh: { supported: false, reason: "It is a fake." },
    revoke: { style: "none", reason: "It is a fake." },
    identity: { from: "call", call: { url: `https://${host}/me` }, id: ["/id"], account: "/id" },
    api: { baseUrl: `https://${host}`, hosts },
    fixtures: { token: answer({ access_token: "fake-token", token_type: "bearer" }), identity: answer({ id: "1" }) },
  });
}
