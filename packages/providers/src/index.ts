/**
 * The catalogue of providers: how each one authorizes, refreshes, identifies and revokes, and which hosts may see its
 * credential. Data and pure functions: no network, no clock, no secrets. It trusts its own files, which a test holds to
 * the schema; it does not trust users' entries (`lintProvider`), values of variables (`fillTemplate`) or answers of
 * providers (`readTokenAnswer`, `readIdentity`, `classifyError`).
 */
export { findProvider, PROVIDER_IDS, resolveProviderId } from "./catalogue.ts";
export { checkVariable, type CheckedVariable, type VariableOptions } from "./check-variable.ts";
export { classifyError, type ProviderError } from "./classify-error.ts";
export { fillTemplate, placeholdersOf, type Filled } from "./fill-template.ts";
export { hostMatches } from "./host-rule.ts";
export type { Issue } from "./lint/issue.ts";
export { lintProvider, MAX_FILE_LENGTH, type LintResult } from "./lint-provider.ts";
export { loadCatalogue, type CatalogueFile, type LoadedCatalogue } from "./load-catalogue.ts";
export { ProviderId } from "./provider-id.generated.ts";
export { quirksOf, QUIRKS, type Quirk } from "./quirks.ts";
export { rawAnswer } from "./raw-answer.ts";
export { resolvePointer, textAt } from "./resolve-pointer.ts";
export { readIdentity, type ReadIdentity } from "./read-identity.ts";
export { readTokenAnswer, type RawAnswer, type ReadToken, type ReadTokenAnswer } from "./read-token-answer.ts";
export { CATEGORIES, Provider, STRATEGIES, type ProviderInput } from "./schema.ts";
export type { Api, CatalogueScope, Inject, Operation } from "./schema/api.ts";
export type { Authorize } from "./schema/authorize.ts";
export type { Call } from "./schema/call.ts";
export { ERROR_CLASSES, type ErrorClass, type Errors } from "./schema/errors.ts";
export type { Fixture, Fixtures } from "./schema/fixtures.ts";
export type { Identity } from "./schema/identity.ts";
export type { Introspect, Revoke } from "./schema/revoke.ts";
export type { Refresh, Token, TokenAnswer } from "./schema/token.ts";
export type { ClientAuth } from "./schema/values.ts";
export type { Variable } from "./schema/variable.ts";
