import type { Caller } from "@alter-vault/protocol";
import { ActorType, CALLER_TYPE_OF_ACTOR } from "./actor-type.ts";
import { CallerType } from "./caller-type.ts";
import { AlterValueError } from "./errors.ts";

/** Who makes the calls. Written to the audit log with each of them; it grants nothing. */
export interface CallerOptions {
  /** Default: `CallerType.AGENT`. */
  readonly type?: CallerType | undefined;
  readonly identifier?: string | undefined;
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly framework?: string | undefined;
  readonly clientType?: string | undefined;
}

/** The caller written as single options, as older versions of this interface have them. */
export interface ActorOptions {
  readonly callerType?: CallerType | undefined;
  readonly actorType?: ActorType | undefined;
  readonly actorIdentifier?: string | undefined;
  readonly actorName?: string | undefined;
  readonly actorVersion?: string | undefined;
  readonly framework?: string | undefined;
  readonly clientType?: string | undefined;
}

const LIMITS = { identifier: 200, name: 200, version: 100, framework: 100, clientType: 100 } as const;
const FIELDS = Object.keys(LIMITS) as (keyof typeof LIMITS)[];

/** Turns both spellings into what the wire carries. Two spellings of one thing must agree. */
export function resolveCaller(caller: string | CallerOptions | undefined, actor: ActorOptions): Caller {
  const given = checkCaller(typeof caller === "string" ? { identifier: caller } : caller);
  const spread = checkCaller({
    type: typeOf(actor),
    identifier: actor.actorIdentifier,
    name: actor.actorName,
    version: actor.actorVersion,
    framework: actor.framework,
    clientType: actor.clientType,
  });
  for (const field of ["type", ...FIELDS] as const) {
    if (given[field] !== undefined && spread[field] !== undefined && given[field] !== spread[field]) {
      throw new AlterValueError(
        `Option "caller" and the single options say different things about "${field}". Keep one.`,
      );
    }
  }
  return toWire({ ...spread, ...given });
}

/** A caller on top of another: what is given replaces, the rest stays. */
export function refineCaller(base: Caller, caller: string | CallerOptions | undefined, framework?: string): Caller {
  const given = checkCaller(typeof caller === "string" ? { identifier: caller } : caller);
  const { type, ...rest } = toWire({ ...checkCaller({ framework }), ...given });
  return { ...base, ...rest, type: given.type === undefined ? base.type : type };
}

function typeOf({ callerType, actorType }: ActorOptions): CallerType | undefined {
  if (actorType === undefined) return callerType;
  if (!Object.hasOwn(CALLER_TYPE_OF_ACTOR, actorType)) {
    throw new AlterValueError(`Option "actorType" must be one of: ${Object.values(ActorType).join(", ")}.`);
  }
  const fromActor = CALLER_TYPE_OF_ACTOR[actorType];
  if (callerType !== undefined && callerType !== fromActor) {
    throw new AlterValueError('Options "callerType" and "actorType" say different things. Keep "callerType".');
  }
  return fromActor;
}

function checkCaller(caller: CallerOptions | undefined): CallerOptions {
  if (caller === undefined) return {};
  if (typeof caller !== "object" || caller === null) {
    throw new AlterValueError('Option "caller" must be a string or an object such as { identifier: "my-agent" }.');
  }
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(caller)) {
    if (value === undefined) continue;
    if (name === "type") checkType(value);
    else checkText(name, value);
    kept[name] = value;
  }
  return kept;
}

function checkType(value: unknown): void {
  if (Object.values(CallerType).includes(value as CallerType)) return;
  throw new AlterValueError(`The caller's "type" must be one of: ${Object.values(CallerType).join(", ")}.`);
}

function checkText(name: string, value: unknown): void {
  if (!Object.hasOwn(LIMITS, name)) {
    throw new AlterValueError(`The caller has no "${name}". It has: type, ${FIELDS.join(", ")}.`);
  }
  const limit = LIMITS[name as keyof typeof LIMITS];
  if (typeof value !== "string" || value === "" || value.length > limit) {
    throw new AlterValueError(`The caller's "${name}" must be a string of 1 to ${limit} characters.`);
  }
}

function toWire({ type = CallerType.AGENT, clientType, ...rest }: CallerOptions): Caller {
  const { identifier, name, version, framework } = rest;
  return {
    type,
    ...(identifier === undefined ? {} : { identifier }),
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(framework === undefined ? {} : { framework }),
    ...(clientType === undefined ? {} : { client_type: clientType }),
  };
}
