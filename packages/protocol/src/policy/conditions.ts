import { z } from "zod";
import { PROXY_METHODS } from "../envelope.ts";
import { BodyTest, QueryTest } from "./field-test.ts";
import { TimeWindow } from "./time-window.ts";

export const ACCESS_CLASSES = ["read", "write", "destructive"] as const;

const id = z.string().min(1).max(320);
const ids = z.array(id).min(1).max(500);
const scopeNames = z.array(z.string().min(1).max(200)).min(1).max(100);

/** `api.example.com`, `api.example.com:8443`, or `*.example.com` for every name below it. */
const host = z
  .string()
  .max(300)
  .regex(/^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/, "is a host in lower case, like api.example.com");

/** `/repos/{owner}/{repo}`: a segment in braces, or `*`, is any one segment; `**` at the end is any rest, also none. */
const pathTemplate = z
  .string()
  .max(1000)
  .regex(
    /^\/(?:[^\s/?#%;{}*]+|\{[A-Za-z0-9_-]+\}|\*)?(?:\/(?:[^\s/?#%;{}*]+|\{[A-Za-z0-9_-]+\}|\*))*(?:\/\*\*)?$|^\/\*\*$/,
    {
      error: "is a path like /repos/{owner}/**, decoded, without query",
    },
  )
  .refine((path) => path.split("/").length <= 33, "has more than 32 segments");

const ipRange = z
  .string()
  .max(50)
  .regex(/^[0-9a-fA-F:.]+(?:\/\d{1,3})?$/, "is an address or a range, like 10.0.0.0/8 or 2001:db8::/32");

/** Text in which `*` stands for anything. */
const pattern = z.string().min(1).max(512);

/**
 * What a rule looks at. All that is named must hold; of a list, one is enough. What cannot be told counts as a yes in
 * `when` and as a no in `unless`: so it denies, unless another condition says that the rule is not about the call.
 */
export const Conditions = z.strictObject({
  mode: z.enum(["proxy", "retrieve"]).optional(),
  method: z.array(z.enum(PROXY_METHODS)).min(1).optional(),
  host: z.array(host).min(1).max(200).optional(),
  /** Named operations of the catalogue: `google.gmail.messages.send`, or `google.gmail.*`. */
  operation: z.array(pattern).min(1).max(200).optional(),
  /**
   * What the call does, by the catalogue. A call that the catalogue does not name is taken for whatever its method may
   * do: POST, PUT and PATCH may write or destroy. In `when` one possibility is enough, in `unless` all must be listed.
   */
  access: z.array(z.enum(ACCESS_CLASSES)).min(1).optional(),
  agent: ids.optional(),
  user: ids.optional(),
  groups: ids.optional(),
  /** What was granted with the account. */
  scopes: z.strictObject({ any: scopeNames.optional(), all: scopeNames.optional() }).optional(),
  /** Where the call to the vault comes from. An IPv4 address in IPv6 clothes is that IPv4 address. */
  source_ip: z.array(ipRange).min(1).max(500).optional(),
  time: z.array(TimeWindow).min(1).max(50).optional(),
  /** The grant was made longer ago than this. */
  grant_older_than_seconds: z.number().int().min(1).optional(),
  /** What the caller says about run, thread, tool. UNTRUSTED: nobody has checked it. */
  claims: z
    .record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/), z.array(pattern).min(1).max(200))
    .refine((claims) => Object.keys(claims).length <= 32, "at most 32 names")
    .optional(),
  path: z.array(pathTemplate).min(1).max(200).optional(),
  query: z.array(QueryTest).min(1).max(50).optional(),
  body: z.array(BodyTest).min(1).max(50).optional(),
});
export type Conditions = z.infer<typeof Conditions>;
