import { expect, test } from "vitest";
import { patchGroup } from "./patch-group.ts";
import { patchUser } from "./patch-user.ts";
import { readPatch } from "./read-patch.ts";
import { readFilter } from "./scim-filter.ts";

const filter = (text: string | null) => {
  const read = readFilter(text, ["userName", "externalId"]);
  return read.ok ? read.filter : read.scimType;
};

test.each<[string | null, unknown]>([
  [null, null],
  ['userName eq "ada@example.com"', { attribute: "userName", value: "ada@example.com" }],
  [' USERNAME  EQ  "ada" ', { attribute: "userName", value: "ada" }],
  ['externalId eq "a\\"b\\u0041"', { attribute: "externalId", value: 'a"bA' }],
  ['externalId eq ""', { attribute: "externalId", value: "" }],
  ['userName sw "ada"', "invalidFilter"],
  ['userName eq "ada" or userName eq "eve"', "invalidFilter"],
  ["userName eq ada", "invalidFilter"],
  ['emails.value eq "ada"', "invalidFilter"],
  ['userName eq "\\x"', "invalidFilter"],
  ["", "invalidFilter"],
])("filter %j", (text, expected) => {
  expect(filter(text)).toEqual(expected);
});

const user = (...Operations: unknown[]) => {
  const read = readPatch({ schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations });
  if (!read.ok) return read.scimType;
  const patched = patchUser(read.operations);
  return patched.ok ? patched.user : patched.scimType;
};

test.each<[string, unknown[], unknown]>([
  ["Okta", [{ op: "replace", value: { active: false } }], { active: false }],
  ["Entra", [{ op: "Replace", path: "active", value: "False" }], { active: false }],
  ["back again", [{ op: "replace", path: "active", value: true }], { active: true }],
  ["a name", [{ op: "add", path: "displayName", value: "Ada" }], { name: "Ada" }],
  [
    "parts of a name",
    [{ op: "replace", path: "name", value: { givenName: "Ada", familyName: "E" } }],
    { name: "Ada E" },
  ],
  [
    "an address by its kind",
    [{ op: "replace", path: 'emails[type eq "work"].value', value: "a@example.com" }],
    { email: "a@example.com" },
  ],
  [
    "a list of addresses",
    [{ op: "add", path: "emails", value: [{ value: "a" }, { value: "b", primary: true }] }],
    { email: "b" },
  ],
  [
    "a full path",
    [{ op: "replace", path: "urn:ietf:params:scim:schemas:core:2.0:User:userName", value: "ada" }],
    { userName: "ada" },
  ],
  [
    "what is not kept",
    [
      { op: "add", path: "title", value: "Boss" },
      { op: "remove", path: "phoneNumbers" },
    ],
    {},
  ],
  ["a name removed", [{ op: "remove", path: "displayName" }], { name: null }],
  [
    "the last word counts",
    [
      { op: "replace", path: "active", value: true },
      { op: "replace", path: "active", value: false },
    ],
    { active: false },
  ],
  ["active that is none", [{ op: "replace", path: "active", value: "no" }], "invalidValue"],
  ["active that is nothing", [{ op: "replace", value: { active: null } }], "invalidValue"],
  ["active removed", [{ op: "remove", path: "active" }], "mutability"],
  ["userName removed", [{ op: "remove", path: "userName" }], "mutability"],
  ["userName that is none", [{ op: "replace", path: "userName", value: "a\u0000" }], "invalidValue"],
  ["removing nothing", [{ op: "remove" }], "noTarget"],
  ["no object", [{ op: "add", value: "x" }], "invalidValue"],
  ["no path", [{ op: "add", path: "a b", value: "x" }], "invalidPath"],
  ["no operation", [{ op: "move", path: "active" }], "invalidSyntax"],
  ["none at all", [], "invalidSyntax"],
])("a user: %s", (_name, operations, expected) => {
  expect(user(...operations)).toEqual(expected);
});

const group = (...Operations: unknown[]) => {
  const read = readPatch({ Operations });
  if (!read.ok) return read.scimType;
  const patched = patchGroup(read.operations);
  return patched.ok ? patched.patch : patched.scimType;
};
const nobody = { add: [], remove: [] };

test.each<[string, unknown[], unknown]>([
  [
    "members come",
    [{ op: "add", path: "members", value: [{ value: "1" }, { value: "2" }] }],
    { ...nobody, add: ["1", "2"] },
  ],
  ["one comes", [{ op: "Add", path: "members", value: { value: "1" } }], { ...nobody, add: ["1"] }],
  ["one goes, as RFC 7644 says it", [{ op: "remove", path: 'members[value eq "1"]' }], { ...nobody, remove: ["1"] }],
  [
    "one goes, as Entra says it",
    [{ op: "Remove", path: "members", value: [{ value: "1" }] }],
    { ...nobody, remove: ["1"] },
  ],
  ["all go", [{ op: "remove", path: "members" }], { ...nobody, members: [] }],
  ["these and no others", [{ op: "replace", path: "members", value: [{ value: "1" }] }], { ...nobody, members: ["1"] }],
  [
    "come and gone",
    [
      { op: "add", path: "members", value: [{ value: "1" }] },
      { op: "remove", path: 'members[value eq "1"]' },
    ],
    { ...nobody, remove: ["1"] },
  ],
  [
    "gone and back",
    [
      { op: "remove", path: 'members[value eq "1"]' },
      { op: "add", path: "members", value: [{ value: "1" }] },
    ],
    { ...nobody, add: ["1"] },
  ],
  [
    "all go and one comes",
    [
      { op: "remove", path: "members" },
      { op: "add", path: "members", value: [{ value: "1" }] },
    ],
    { ...nobody, members: ["1"] },
  ],
  ["a new name", [{ op: "replace", value: { id: "x", displayName: "Staff" } }], { ...nobody, name: "Staff" }],
  ["members that are none", [{ op: "add", path: "members", value: ["1"] }], "invalidValue"],
  ["members by something else", [{ op: "remove", path: 'members[display eq "x"]' }], "invalidPath"],
  ["members added by a path", [{ op: "add", path: 'members[value eq "1"]', value: {} }], "invalidPath"],
  ["a name removed", [{ op: "remove", path: "displayName" }], "mutability"],
])("a group: %s", (_name, operations, expected) => {
  expect(group(...operations)).toEqual(expected);
});
