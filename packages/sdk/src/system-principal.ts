/** On whose behalf a managed secret is granted: nobody in particular. Whoever may use the app's key may use the grant. */
export interface SystemPrincipal {
  readonly type: "system";
  /** For people who read lists of grants. */
  readonly label?: string | undefined;
}

export function systemPrincipal({ label }: { readonly label?: string | undefined } = {}): SystemPrincipal {
  return label === undefined ? { type: "system" } : { type: "system", label };
}
