import { z } from "zod";

/** Kinds of values that several resources share. */
export const timestamp = z.iso.datetime();
export const name = z.string().trim().min(1).max(200);
export const slug = z.string().regex(/^[a-z0-9][a-z0-9-]{0,99}$/, "lower case, digits and dashes");
export const ttlSeconds = z
  .number()
  .int()
  .min(1)
  .max(10 * 365 * 86_400);
