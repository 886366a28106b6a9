import type { IDP_PRESETS, IdpClaims } from "@alter-vault/protocol";

type PresetId = (typeof IDP_PRESETS)[number];

/** Where a kind of identity provider keeps what in its tokens, and what to know about it. */
export interface IdpPreset {
  readonly id: PresetId;
  readonly name: string;
  /** How its issuers are recognised. */
  readonly issuers: readonly RegExp[];
  readonly claims: IdpClaims;
  readonly notes: readonly string[];
}

const OIDC: IdpClaims = { user_id: "sub", email: "email", name: "name", groups: null };

export const IDP_PRESET_LIST: readonly IdpPreset[] = [
  {
    id: "okta",
    name: "Okta",
    issuers: [/^https:\/\/[a-z0-9-]+\.okta(?:preview|-emea|-gov)?\.com(?:\/oauth2\/[^/]+)?$/i],
    claims: { ...OIDC, groups: "groups" },
    notes: [
      "Groups come only when the authorization server has a groups claim.",
      "Access tokens of the org server (without /oauth2/…) are for Okta itself; use a custom authorization server.",
    ],
  },
  {
    id: "entra",
    name: "Microsoft Entra ID",
    issuers: [
      /^https:\/\/login\.microsoftonline\.com\/[0-9a-f-]{36}\/v2\.0$/i,
      /^https:\/\/sts\.windows\.net\/[0-9a-f-]{36}\/$/i,
    ],
    // sub differs from app to app; oid is the person.
    claims: { user_id: "oid", email: "preferred_username", name: "name", groups: "groups" },
    notes: [
      "Groups are object ids; above 200 Entra leaves them out and names a link instead: use app roles then.",
      "Access tokens for Microsoft Graph cannot be verified by others; ask for a scope of your own API.",
    ],
  },
  {
    id: "auth0",
    name: "Auth0",
    issuers: [/^https:\/\/[a-z0-9-]+(?:\.[a-z]{2})?\.auth0\.com\/$/i],
    claims: { ...OIDC, groups: null },
    notes: [
      "The issuer ends in a slash.",
      "Groups need an Action that adds a claim under a namespace of your own; name it as the groups claim.",
    ],
  },
  {
    id: "clerk",
    name: "Clerk",
    issuers: [/^https:\/\/[a-z0-9.-]+\.clerk\.accounts\.dev$/i, /^https:\/\/clerk\.[a-z0-9.-]+$/i],
    claims: { user_id: "sub", email: "email", name: "name", groups: "/o/id" },
    notes: [
      "Session tokens have no audience: add an `aud` claim to the session token or to a JWT template.",
      "The organisation of the session is the group; session tokens of version 1 have it as org_id.",
    ],
  },
  {
    id: "keycloak",
    name: "Keycloak",
    issuers: [/\/realms\/[^/]+$/i],
    claims: { ...OIDC, groups: "groups" },
    notes: ["Groups need a group membership mapper; realm roles are at /realm_access/roles."],
  },
  {
    id: "workos",
    name: "WorkOS",
    issuers: [/^https:\/\/api\.workos\.com(?:\/.*)?$/i, /^https:\/\/[a-z0-9-]+\.authkit\.app$/i],
    claims: { ...OIDC, groups: "org_id" },
    notes: ["The organisation of the session is the group."],
  },
  {
    id: "cognito",
    name: "Amazon Cognito",
    issuers: [/^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\/[A-Za-z0-9_-]+$/i],
    claims: { user_id: "sub", email: "email", name: "username", groups: "cognito:groups" },
    notes: ["Access tokens have no audience, but a client_id: send id tokens, whose audience is the app client."],
  },
  {
    id: "google",
    name: "Google",
    issuers: [/^https:\/\/accounts\.google\.com$/i],
    claims: { ...OIDC, groups: "hd" },
    notes: ["Only id tokens can be verified; the Workspace domain is the group."],
  },
  {
    id: "firebase",
    name: "Firebase",
    issuers: [/^https:\/\/securetoken\.google\.com\/[a-z0-9-]+$/i],
    claims: { ...OIDC, groups: null },
    notes: ["The audience is the project id."],
  },
  {
    id: "supabase",
    name: "Supabase",
    issuers: [/^https:\/\/[a-z0-9]+\.supabase\.co\/auth\/v1$/i],
    // Users can write their user_metadata, but not their app_metadata.
    claims: { ...OIDC, name: "/user_metadata/full_name", groups: "/app_metadata/groups" },
    notes: [
      "The audience is `authenticated`.",
      "The project must sign with asymmetric keys; its old shared secret is not accepted.",
    ],
  },
  { id: "oidc", name: "OpenID Connect", issuers: [], claims: OIDC, notes: [] },
];

export function presetOf(id: PresetId): IdpPreset {
  return IDP_PRESET_LIST.find((preset) => preset.id === id) ?? OTHER;
}

/** The preset an issuer looks like; `oidc` for any other. */
export function recognisePreset(issuer: string): IdpPreset {
  return IDP_PRESET_LIST.find(({ issuers }) => issuers.some((pattern) => pattern.test(issuer))) ?? OTHER;
}

const OTHER: IdpPreset = { id: "oidc", name: "OpenID Connect", issuers: [], claims: OIDC, notes: [] };
