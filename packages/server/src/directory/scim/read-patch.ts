import { z } from "zod";
import { problem, SCHEMA, type ScimProblem } from "./scim-answer.ts";

/** One operation of a PATCH, its path taken apart: `members[value eq "1"].x` has all three parts. */
export interface PatchOperation {
  readonly op: "add" | "remove" | "replace";
  /** In lower case; null: `value` is an object of attributes. */
  readonly attribute: string | null;
  /** What is in the brackets. */
  readonly where: { readonly attribute: string; readonly value: string } | null;
  readonly value: unknown;
}

const Body = z.object({
  schemas: z.array(z.string()).optional(),
  Operations: z
    .array(
      z.object({
        // Entra says Replace.
        op: z
          .string()
          .transform((text) => text.toLowerCase())
          .pipe(z.enum(["add", "remove", "replace"])),
        path: z.string().max(1000).optional(),
        value: z.unknown().optional(),
      }),
    )
    .min(1)
    .max(1000),
});

const PATH =
  /^(?:urn:[\w.:-]+:)?([A-Za-z][\w$-]*)(?:\[\s*([A-Za-z][\w$-]*)\s+eq\s+("(?:[^"\\]|\\.)*")\s*\])?(?:\.([A-Za-z][\w$-]*))?$/;

export function readPatch(body: unknown): { readonly ok: true; readonly operations: PatchOperation[] } | ScimProblem {
  const parsed = Body.safeParse(body);
  if (!parsed.success || (parsed.data.schemas && !parsed.data.schemas.includes(SCHEMA.patch))) {
    return problem(400, "this is no PatchOp", "invalidSyntax");
  }
  const operations: PatchOperation[] = [];
  for (const { op, path, value } of parsed.data.Operations) {
    if (path === undefined) {
      if (op === "remove") return problem(400, "remove needs a path", "noTarget");
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        return problem(400, "without a path the value is an object", "invalidValue");
      }
      operations.push({ op, attribute: null, where: null, value });
      continue;
    }
    const read = readPath(path);
    if (!read) return problem(400, `the path ${path.slice(0, 100)} is not understood`, "invalidPath");
    operations.push({ op, ...read, value });
  }
  return { ok: true, operations };
}

function readPath(path: string): Pick<PatchOperation, "attribute" | "where"> | null {
  const [, name, key, quoted, sub] = PATH.exec(path) ?? [];
  if (name === undefined) return null;
  const attribute = [name, sub]
    .filter((part) => part !== undefined)
    .join(".")
    .toLowerCase();
  if (key === undefined || quoted === undefined) return { attribute, where: null };
  try {
    return { attribute, where: { attribute: key.toLowerCase(), value: JSON.parse(quoted) as string } };
  } catch {
    return null;
  }
}
