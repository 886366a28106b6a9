/**
 * A vault for the examples in which a person signs in or connects an account in a browser: it listens to one, keeps its
 * data in a folder, and is set up with the real command line. The others use `@alter-vault/testing`.
 */
export { startExampleVault, type ExampleVault } from "./example-vault.ts";
