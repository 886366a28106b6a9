import { timingSafeEqual } from "node:crypto";
import { UUID_PATTERN } from "@alter-vault/protocol";
import { tokenHash } from "../../identity/token-hash.ts";
import type { IdpRecord } from "../../store/identity-records.ts";
import type { ApplyDeps } from "../apply-event.ts";
import { recordChange, refuseDirectory, type DirectoryLogDeps } from "../directory-log.ts";
import { unauthorized } from "../webhook/notice.ts";
import { MOST_RESULTS, resourceTypes, schemas, serviceProviderConfig } from "./describe-scim.ts";
import { scimGroups } from "./groups.ts";
import type { Change, ResourceType } from "./resource-type.ts";
import { problem, problemAnswer, SCHEMA, type ScimAnswer } from "./scim-answer.ts";
import { readFilter } from "./scim-filter.ts";
import { scimUsers } from "./users.ts";

/** One request of a SCIM client (RFC 7644), taken apart. */
export interface ScimRequest {
  readonly idpId: string;
  readonly method: string;
  /** Behind the identity provider's id: `Users`, `Groups/<id>`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The whole header. */
  readonly authorization: string | undefined;
  /** Read when the client has shown who it is. Null: too large, or no JSON. */
  body(): Promise<unknown>;
}

export interface Scim {
  handle(request: ScimRequest): Promise<ScimAnswer>;
}

interface ScimDeps extends ApplyDeps, DirectoryLogDeps {
  readonly publicUrl: () => string;
}

const ACTION = "directory.scim";
const STRANGER = unauthorized("no identity provider is provisioned at this address with this token");
const UNKNOWN = problemAnswer(problem(404, "there is no such resource"));

export function createScim(deps: ScimDeps): Scim {
  const { store } = deps;

  /** Found by the address, proved by the token: its hash, compared in constant time. */
  async function authenticate({ idpId, authorization = "" }: ScimRequest): Promise<IdpRecord | ScimAnswer> {
    const idp = UUID_PATTERN.test(idpId) ? await store.findIdpById(idpId) : null;
    const token = /^Bearer ([\x21-\x7e]{1,500})$/i.exec(authorization)?.[1] ?? "";
    const wanted = Buffer.from(idp?.scimTokenHash ?? tokenHash("nobody's"));
    const isToken = timingSafeEqual(Buffer.from(tokenHash(token)), wanted);
    if (idp?.status === "active" && idp.scimTokenHash !== null && isToken) return idp;
    const { problem: refusal } = await refuseDirectory(deps, ACTION, idp, STRANGER);
    return problemAnswer(refusal, refusal.request_id);
  }

  async function make(idp: IdpRecord, what: string, status: number, change: Change): Promise<ScimAnswer> {
    if (!change.ok) {
      const { code, detail } = change;
      const refusal = await refuseDirectory(deps, `${ACTION}.${what}`, idp, { ok: false, code, detail });
      return problemAnswer(change, refusal.problem.request_id);
    }
    const done = await recordChange(deps, `${ACTION}.${what}`, idp, { userId: change.about }, change.run);
    if ("problem" in done)
      return problemAnswer({ status: done.problem.status, detail: done.problem.detail }, done.requestId);
    if (!done.ok) return "status" in done ? problemAnswer(done, done.requestId) : UNKNOWN;
    const { resource, requestId } = done;
    return resource === null
      ? { status: 204, body: null, requestId }
      : { status, body: resource, requestId, location: locationOf(resource) };
  }

  async function list(type: ResourceType, query: URLSearchParams): Promise<ScimAnswer> {
    const read = readFilter(query.get("filter"), type.filterable);
    if (!read.ok) return problemAnswer(read);
    const startIndex = Math.max(1, integer(query.get("startIndex"), 1));
    const count = Math.min(MOST_RESULTS, Math.max(0, integer(query.get("count"), MOST_RESULTS)));
    if (read.filter) {
      const found = await type.filtered(read.filter);
      return listed(found.slice(startIndex - 1, startIndex - 1 + count), found.length, startIndex);
    }
    const total = await type.count();
    return listed(count === 0 ? [] : await type.page(startIndex - 1, count), total, startIndex);
  }

  async function ofType(
    idp: IdpRecord,
    name: "user" | "group",
    type: ResourceType,
    id: string | undefined,
    request: ScimRequest,
  ): Promise<ScimAnswer> {
    const { method, query } = request;
    if (id === undefined) {
      if (method === "GET") return list(type, query);
      if (method !== "POST") return notAllowed(method);
      const body = await request.body();
      return body === null ? NO_JSON : make(idp, `${name}.create`, 201, await type.create(body));
    }
    if (!UUID_PATTERN.test(id)) return UNKNOWN;
    switch (method) {
      case "GET": {
        const found = await type.find(id);
        return found ? { status: 200, body: found } : UNKNOWN;
      }
      case "DELETE":
        return make(idp, `${name}.delete`, 204, await type.remove(id));
      case "PUT":
      case "PATCH": {
        const body = await request.body();
        if (body === null) return NO_JSON;
        return method === "PUT"
          ? make(idp, `${name}.replace`, 200, await type.replace(id, body))
          : make(idp, `${name}.patch`, 200, await type.patch(id, body));
      }
      default:
        return notAllowed(method);
    }
  }

  return {
    async handle(request) {
      const idp = await authenticate(request);
      if (!("appId" in idp)) return idp;
      const base = `${deps.publicUrl()}/scim/v2/${idp.id}`;
      const [name, id, ...more] = request.path.split("/");
      if (more.length > 0) return UNKNOWN;
      switch (name) {
        case "Users":
          return ofType(idp, "user", scimUsers(deps, idp, base), id, request);
        case "Groups": {
          const without = (request.query.get("excludedAttributes") ?? "").split(",");
          return ofType(idp, "group", scimGroups(deps, idp, base, !without.includes("members")), id, request);
        }
        case "ServiceProviderConfig":
          return described(request, id === undefined ? serviceProviderConfig(base) : null);
        case "ResourceTypes":
          return described(request, pick(resourceTypes(base), id));
        case "Schemas":
          return described(request, pick(schemas(base), id));
        default:
          return UNKNOWN;
      }
    },
  };
}

const NO_JSON = problemAnswer(problem(400, "the body is no JSON object, or too large", "invalidSyntax"));

function notAllowed(method: string): ScimAnswer {
  return problemAnswer(problem(405, `${method} is not for this resource`));
}

function described({ method }: ScimRequest, body: unknown): ScimAnswer {
  if (method !== "GET") return notAllowed(method);
  return body === null ? UNKNOWN : { status: 200, body };
}

function pick(all: readonly Record<string, unknown>[], id: string | undefined): unknown {
  if (id === undefined) return listed(all, all.length, 1).body;
  return all.find((one) => one["id"] === id) ?? null;
}

function listed(resources: readonly unknown[], total: number, startIndex: number): ScimAnswer {
  const body = {
    schemas: [SCHEMA.list],
    totalResults: total,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  };
  return { status: 200, body };
}

function integer(text: string | null, otherwise: number): number {
  const value = Number(text ?? otherwise);
  return Number.isSafeInteger(value) ? value : otherwise;
}

function locationOf({ meta }: Record<string, unknown>): string | undefined {
  const location = typeof meta === "object" && meta !== null && "location" in meta ? meta.location : undefined;
  return typeof location === "string" ? location : undefined;
}
