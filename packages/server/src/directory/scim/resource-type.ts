import type { ScimProblem } from "./scim-answer.ts";
import type { ScimFilter } from "./scim-filter.ts";

type Resource = Record<string, unknown>;

/** A change that was looked at, and is not made yet: it is written down first. */
export type Change =
  | {
      readonly ok: true;
      /** The user it is about, as far as there is one already. */
      readonly about?: string | undefined;
      readonly run: () => Promise<{ readonly ok: true; readonly resource: Resource | null } | ScimProblem>;
    }
  | ScimProblem;

/** What can be done with resources of one type, of one identity provider. Another's do not exist. */
export interface ResourceType {
  readonly filterable: readonly string[];
  find(id: string): Promise<Resource | null>;
  filtered(filter: ScimFilter): Promise<readonly Resource[]>;
  page(skip: number, limit: number): Promise<readonly Resource[]>;
  count(): Promise<number>;
  create(body: unknown): Promise<Change>;
  replace(id: string, body: unknown): Promise<Change>;
  patch(id: string, body: unknown): Promise<Change>;
  remove(id: string): Promise<Change>;
}
