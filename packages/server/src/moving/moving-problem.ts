/** Why a vault cannot be exported, or an export not be used. The name is for programs; `fix` says what to do. */
export type MovingCode =
  | "not_an_export"
  | "export_newer"
  | "export_damaged"
  | "export_truncated"
  | "export_wrong_key"
  | "export_wrong_passphrase"
  | "passphrase_needed"
  | "passphrase_unneeded"
  | "nothing_to_export"
  | "schema_outdated"
  | "target_not_empty"
  | "target_schema_newer"
  | "master_key_missing"
  | "import_not_verified";

export class MovingProblem extends Error {
  override readonly name = "MovingProblem";
  readonly code: MovingCode;
  readonly fix: string;
  constructor(code: MovingCode, detail: string, fix: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
    this.fix = fix;
  }
}
