import { awsHeader, awsHeaders, awsTarget, signingScope, type AwsHttpRequest } from "./aws-request.ts";
import { encodeBody, type BodyInput, type EncodedBody } from "./body.ts";
import type { Call } from "./call.ts";
import { joinSignals, type CallDefaults } from "./call-defaults.ts";
import type { Core } from "./core.ts";
import { AlterValueError } from "./errors.ts";
import { executeCall } from "./execute-call.ts";
import { checkKnownNames } from "./known-names.ts";
import { nodeModules } from "./node-modules.ts";
import { asMethod } from "./request-arguments.ts";
import { CALL_OPTION_NAMES, sharedCallParts, type CallOptions } from "./request-options.ts";

export interface AwsOptions extends CallOptions {
  /** Region of the client. Default: what the AWS SDK finds by itself. */
  readonly region?: string | undefined;
  /** The service to sign for. Default: what the client says with each request. */
  readonly service?: string | undefined;
}

/** What an AWS client gets back. `body` is a Node Readable on Node, and a ReadableStream elsewhere. */
export interface AwsHttpResponse {
  readonly statusCode: number;
  readonly reason: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

/** The request handler of the AWS SDK, as far as its clients use it. */
export interface AwsRequestHandler {
  readonly metadata: { readonly handlerProtocol: string };
  handle(
    request: AwsHttpRequest,
    options?: { readonly abortSignal?: unknown; readonly requestTimeout?: number },
  ): Promise<{ response: AwsHttpResponse }>;
  destroy(): void;
  updateHttpClientConfig(key: string, value: unknown): void;
  httpHandlerConfigs(): Record<string, unknown>;
}

export interface AwsClientConfig {
  readonly region?: string;
  /** Placeholders. The client must sign with something; the vault takes that signature off and makes its own. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly requestHandler: AwsRequestHandler;
}

const PLACEHOLDER = { accessKeyId: "THE-VAULT-SIGNS", secretAccessKey: "not-a-key-the-vault-signs" } as const;

/**
 * Configuration with which a client of the AWS SDK for JavaScript, version 3, makes its calls through the vault:
 * `new S3Client(vault.aws({ grantId, region: "eu-central-1" }))`.
 *
 * A refusal of the vault rejects the client's call with the SDK's error for it. URLs that a client signs by itself,
 * such as presigned ones, are signed with the placeholder and do not work.
 */
export function awsClientConfig(core: Core, defaults: CallDefaults, options: AwsOptions = {}): AwsClientConfig {
  checkKnownNames(options, [...CALL_OPTION_NAMES, "region", "service"]);
  const { region, service, ...callOptions } = options;
  // Wrong options are told now, not at the first call.
  sharedCallParts(core.settings, defaults, callOptions, core.newRunId, "GET");
  const config: Record<string, unknown> = {};

  const requestHandler: AwsRequestHandler = {
    metadata: { handlerProtocol: "http/1.1" },
    async handle(request, { abortSignal, requestTimeout = config["requestTimeout"] } = {}) {
      const scope = { ...(region === undefined ? {} : { region }), ...signingScope(request.headers) };
      const shared = sharedCallParts(core.settings, defaults, callOptions, core.newRunId, awsMethod(request.method));
      const call: Call = {
        ...shared,
        target: awsTarget(request),
        headers: awsHeaders(request.headers),
        body: () => awsBody(request),
        // The client itself knows what a redirect of AWS means: another region.
        redirect: "manual",
        sigv4: service === undefined ? scope : { ...scope, service },
        timeoutMs: typeof requestTimeout === "number" && requestTimeout > 0 ? requestTimeout : shared.timeoutMs,
        signal: joinSignals(defaults.signal, signalOf(abortSignal)),
        throwOnProviderError: false,
      };
      return { response: awsResponse(await executeCall(core, call)) };
    },
    destroy() {},
    updateHttpClientConfig(key, value) {
      config[key] = value;
    },
    httpHandlerConfigs: () => config,
  };
  // A copy, because AWS clients write into the object.
  return { ...(region === undefined ? {} : { region }), credentials: { ...PLACEHOLDER }, requestHandler };
}

function awsMethod(method: string): Call["method"] {
  const known = asMethod(method);
  if (known === undefined) throw new AlterValueError(`The vault does not forward the method "${method}".`);
  return known;
}

/** The body as the client made it: it has set the content type and the length itself, where it wants them. */
async function awsBody(request: AwsHttpRequest): Promise<EncodedBody> {
  const encoded = await encodeBody(request.body as BodyInput | null | undefined);
  if (encoded.kind === "bytes") return { kind: "bytes", bytes: encoded.bytes };
  const length = encoded.length ?? Number(awsHeader(request.headers, "content-length") ?? Number.NaN);
  return { kind: "stream", stream: encoded.stream, length: Number.isSafeInteger(length) ? length : undefined };
}

function awsResponse(response: Response): AwsHttpResponse {
  const stream = nodeModules()?.("node:stream");
  const { status, statusText, body } = response;
  const web = body ?? new Blob().stream();
  return {
    statusCode: status,
    reason: statusText,
    headers: Object.fromEntries(response.headers),
    body: stream === undefined ? web : stream.Readable.fromWeb(web as Parameters<typeof stream.Readable.fromWeb>[0]),
  };
}

/** The client's signal. Older ones are not event targets and only have `onabort`. */
function signalOf(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal === null || signal instanceof AbortSignal) return signal ?? undefined;
  if (typeof signal !== "object") return undefined;
  const controller = new AbortController();
  if (Reflect.get(signal, "aborted") === true) controller.abort();
  else Reflect.set(signal, "onabort", () => controller.abort());
  return controller.signal;
}
