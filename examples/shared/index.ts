/** What the examples share: a vault and a provider that live as long as the example does. */
export { startExampleProvider, type ExampleProvider } from "./example-provider.ts";
export { startExampleVault, type ExampleVault } from "./example-vault.ts";
