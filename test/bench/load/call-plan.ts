/** What a load generator says again and again. Plain data: it goes from one process to another. */
export type CallPlan = PlainCall | SignedCall;

export interface PlainCall {
  readonly kind: "plain";
  readonly path: string;
  readonly authorization?: string;
}

export interface SignedCall {
  readonly kind: "signed";
  readonly path: "/v1/request" | "/v1/retrieve";
  readonly apiKey: string;
  readonly target: string;
  readonly grant: string | RandomGrant;
}

/** Each call names another of this many grants; see growth/grant-id.ts. */
export interface RandomGrant {
  readonly among: number;
}
