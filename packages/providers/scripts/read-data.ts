import { readdirSync, readFileSync } from "node:fs";
import type { CatalogueFile } from "../src/load-catalogue.ts";

const FOLDER = new URL("../data/", import.meta.url);

/** The files of the catalogue. */
export function readData(): CatalogueFile[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".yaml"))
    .toSorted()
    .map((name) => ({ name, text: readFileSync(new URL(name, FOLDER), "utf8") }));
}
