import { POSTGRES_MIGRATIONS, type PostgresMigration } from "../../packages/server/src/store/migrations/postgres.ts";

/** Programs of three versions, by the steps of the schema they know: this one, and two that come after it. */
const newest = POSTGRES_MIGRATIONS.at(-1);
if (!newest) throw new Error("no steps");

/** Adds to tables that calls use all the time. */
const expand: PostgresMigration = {
  id: newest.id + 1,
  name: "expand",
  worksWith: newest.worksWith,
  sql: `
    ALTER TABLE api_keys ADD COLUMN note text;
    ALTER TABLE grants ADD COLUMN note text NOT NULL DEFAULT '';
    ALTER TABLE log ADD COLUMN note text;
    CREATE INDEX grants_by_note ON grants (app_id, note);
  `,
};
/** Takes away what programs of the first version are said to use. */
const contract: PostgresMigration = {
  id: newest.id + 2,
  name: "contract",
  worksWith: expand.id,
  sql: "ALTER TABLE log DROP COLUMN note;",
};

export const VERSIONS = {
  this: POSTGRES_MIGRATIONS,
  next: [...POSTGRES_MIGRATIONS, expand],
  last: [...POSTGRES_MIGRATIONS, expand, contract],
} as const;
export type Version = keyof typeof VERSIONS;
