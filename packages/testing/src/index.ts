export { auditMatchers, type AuditMatchers } from "./audit-matchers.ts";
export { createTestVault, type TestVault, type TestVaultOptions, type UserAction } from "./test-vault.ts";
export { broken, rateLimited, serverError, slow, type Fault } from "./fault.ts";
export type { FakeApi, FakeApiOptions, FakeCall, FakeAnswer } from "./fake-api.ts";
export type { TestClock } from "./test-clock.ts";
