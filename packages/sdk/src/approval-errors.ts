import { AlterSDKError, type AlterErrorInit, type SdkErrorCode } from "./alter-sdk-error.ts";

export interface ApprovalErrorInit extends AlterErrorInit {
  readonly approvalId?: string | undefined;
}

/** Waiting for an approval did not end with an answer of the provider. */
export class ApprovalError extends AlterSDKError {
  static override readonly errorName: string = "ApprovalError";
  static override readonly defaultCode: SdkErrorCode = "approval_failed";

  readonly approvalId: string | undefined;

  constructor(message: string, init: ApprovalErrorInit = {}) {
    super(message, init);
    this.approvalId = init.approvalId;
  }
}

/** Somebody said no. The message holds the reason they gave. */
export class ApprovalDeniedError extends ApprovalError {
  static override readonly errorName: string = "ApprovalDeniedError";
  static override readonly defaultCode: SdkErrorCode = "approval_denied";
}

/** Nobody decided in time. Asking for the same call again makes a new approval. */
export class ApprovalExpiredError extends ApprovalError {
  static override readonly errorName: string = "ApprovalExpiredError";
  static override readonly defaultCode: SdkErrorCode = "approval_expired";
}

/** The program waited as long as it wanted to. The approval goes on: ask for it again later. */
export class ApprovalTimeoutError extends ApprovalError {
  static override readonly errorName: string = "ApprovalTimeoutError";
  static override readonly defaultCode: SdkErrorCode = "approval_timeout";
}

/** It was approved, and making the call failed. Whether the provider did it may not be known: the message says so. */
export class ApprovalExecutionFailedError extends ApprovalError {
  static override readonly errorName: string = "ApprovalExecutionFailedError";
  static override readonly defaultCode: SdkErrorCode = "approval_failed";
}
