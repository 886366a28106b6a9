/**
 * Gives modules of Node, or is undefined on a platform that is not Node. Asked for at run time instead of imported, so
 * that the package can be loaded and bundled where there are none.
 */
export function nodeModules(): typeof process.getBuiltinModule | undefined {
  const runningOn: { readonly getBuiltinModule?: typeof process.getBuiltinModule } | undefined = globalThis.process;
  return runningOn?.getBuiltinModule;
}
