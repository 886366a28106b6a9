/** What the process ends with: the table is a promise to scripts. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  notAllowed: 3,
  notFound: 4,
  conflict: 5,
  rateLimited: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_STATUS: Readonly<Record<number, ExitCode>> = {
  401: EXIT.notAllowed,
  403: EXIT.notAllowed,
  404: EXIT.notFound,
  409: EXIT.conflict,
  410: EXIT.notFound,
  429: EXIT.rateLimited,
};

/** The exit code for a refusal of the vault, by its HTTP status. */
export function exitCodeOf(status: number): ExitCode {
  return BY_STATUS[status] ?? EXIT.error;
}
