import type { Issue } from "./lint/issue.ts";
import { lintProvider } from "./lint-provider.ts";
import type { Provider } from "./schema.ts";

/** One file: its name without a folder, and what is in it. */
export interface CatalogueFile {
  readonly name: string;
  readonly text: string;
}

export type LoadedCatalogue =
  | { readonly ok: true; readonly providers: readonly Provider[] }
  | { readonly ok: false; readonly issues: readonly (Issue & { readonly file: string })[] };

/**
 * Reads many entries: each by {@link lintProvider}, and then that no id or alias is taken twice and each file is called
 * after its entry. Returns them by id. Everything that is wrong, in all files, is said at once.
 */
export function loadCatalogue(files: readonly CatalogueFile[]): LoadedCatalogue {
  const providers: Provider[] = [];
  const issues: (Issue & { file: string })[] = [];
  const taken = new Map<string, string>();
  for (const { name, text } of files) {
    const result = lintProvider(text);
    if (!result.ok) {
      issues.push(...result.issues.map((issue) => ({ ...issue, file: name })));
      continue;
    }
    const { provider } = result;
    providers.push(provider);
    const report = (rule: string, path: string, message: string, fix: string): void =>
      void issues.push({ rule, path, message, fix, file: name });
    if (name !== `${provider.id}.yaml`)
      report("file-name", "/id", `is not ${name}`, `call the file ${provider.id}.yaml`);
    for (const id of [provider.id, ...provider.aliases]) {
      const other = taken.get(id);
      if (other !== undefined) report("duplicate", "/id", `${id} is taken by ${other}`, "choose another id or alias");
      taken.set(id, name);
    }
  }
  if (issues.length > 0) return { ok: false, issues };
  return { ok: true, providers: providers.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}
