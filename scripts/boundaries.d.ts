/**
 * Who may import whom, and which things may be used where. Read from the sources as text: `protocol` is below everybody,
 * `sdk` knows `protocol`, adapters know `sdk`, nobody but tests, examples and `testing` knows `server`; inside the server
 * the pure folders stay pure.
 */
export interface Violation {
    readonly file: string;
    readonly line: number;
    readonly reason: string;
}
export declare function findBoundaryViolations(root: string): Violation[];
/** Exported for its test: the rules on one file's text. */
export declare function violationsOf(file: string, text: string): Violation[];
//# sourceMappingURL=boundaries.d.ts.map