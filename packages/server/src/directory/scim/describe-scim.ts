import { SCHEMA } from "./scim-answer.ts";

/** What this service provider can do (RFC 7643, 5 to 7). */
export function serviceProviderConfig(base: string): Record<string, unknown> {
  const no = { supported: false };
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    patch: { supported: true },
    bulk: { ...no, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: MOST_RESULTS },
    changePassword: no,
    sort: no,
    etag: no,
    authenticationSchemes: [
      {
        type: "oauthbearertoken",
        name: "Bearer token",
        description: "The token of `alter-vault idp scim-token`",
        primary: true,
      },
    ],
    meta: { resourceType: "ServiceProviderConfig", location: `${base}/ServiceProviderConfig` },
  };
}

export const MOST_RESULTS = 200;

export function resourceTypes(base: string): Record<string, unknown>[] {
  return (["User", "Group"] as const).map((name) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
    id: name,
    name,
    endpoint: `/${name}s`,
    schema: name === "User" ? SCHEMA.user : SCHEMA.group,
    meta: { resourceType: "ResourceType", location: `${base}/ResourceTypes/${name}` },
  }));
}

interface Attribute {
  readonly name: string;
  readonly type?: "string" | "boolean" | "complex";
  readonly multiValued?: boolean;
  readonly required?: boolean;
  readonly mutability?: "readWrite" | "readOnly" | "immutable";
  readonly uniqueness?: "none" | "server";
  readonly subAttributes?: readonly Attribute[];
}

const USER: readonly Attribute[] = [
  { name: "userName", required: true, uniqueness: "server" },
  { name: "externalId", mutability: "immutable", uniqueness: "server" },
  { name: "displayName" },
  {
    name: "name",
    type: "complex",
    subAttributes: [{ name: "formatted" }, { name: "givenName" }, { name: "familyName" }],
  },
  {
    name: "emails",
    type: "complex",
    multiValued: true,
    subAttributes: [{ name: "value" }, { name: "primary", type: "boolean" }],
  },
  { name: "active", type: "boolean" },
  {
    name: "groups",
    type: "complex",
    multiValued: true,
    mutability: "readOnly",
    subAttributes: [
      { name: "value", mutability: "readOnly" },
      { name: "display", mutability: "readOnly" },
    ],
  },
];

const GROUP: readonly Attribute[] = [
  { name: "displayName", required: true },
  { name: "externalId", mutability: "immutable", uniqueness: "server" },
  { name: "members", type: "complex", multiValued: true, subAttributes: [{ name: "value", mutability: "immutable" }] },
];

export function schemas(base: string): Record<string, unknown>[] {
  const all = [
    { id: SCHEMA.user, name: "User", attributes: USER },
    { id: SCHEMA.group, name: "Group", attributes: GROUP },
  ];
  return all.map(({ id, name, attributes }) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    id,
    name,
    description: name,
    attributes: attributes.map(describe),
    meta: { resourceType: "Schema", location: `${base}/Schemas/${id}` },
  }));
}

function describe({ subAttributes, ...attribute }: Attribute): Record<string, unknown> {
  return {
    type: "string",
    multiValued: false,
    required: false,
    caseExact: false,
    mutability: "readWrite",
    returned: "default",
    uniqueness: "none",
    ...attribute,
    ...(subAttributes ? { subAttributes: subAttributes.map(describe) } : {}),
  };
}
