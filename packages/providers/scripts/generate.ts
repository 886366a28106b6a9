import { writeFileSync } from "node:fs";
import { exit } from "node:process";
import { catalogueSource, providerIdSource, sdkProviderSource } from "../src/generate.ts";
import { loadCatalogue } from "../src/load-catalogue.ts";
import { readData } from "./read-data.ts";

/** Writes the generated sources from `data/`, here and in the SDK. Changes nothing when any file is wrong. */
const result = loadCatalogue(readData());
if (!result.ok) {
  for (const { file, path, message, fix } of result.issues) console.error(`${file} ${path} ${message}; ${fix}`);
  exit(1);
}
const folder = new URL("../src/", import.meta.url);
const sdk = new URL("../../sdk/src/", import.meta.url);
writeFileSync(new URL("catalogue.generated.ts", folder), catalogueSource(result.providers));
writeFileSync(new URL("provider-id.generated.ts", folder), providerIdSource(result.providers));
writeFileSync(new URL("provider.generated.ts", sdk), sdkProviderSource(result.providers));
console.log(`${result.providers.length} providers`);
