/** One answer: its status, and its body when somebody asks. */
export interface Answer {
  readonly status: number;
  readonly text: () => string;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const LENGTH = /\r\ncontent-length:[ \t]*(\d+)/i;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Finds the answers in what comes over one connection. Only what the systems of the benchmark send is understood: HTTP/1.1
 * with a content-length. Anything else goes to `onNonsense`, because a benchmark must not guess.
 */
export function createResponseReader(
  onAnswer: (answer: Answer) => void,
  onNonsense: (detail: string) => void,
): (chunk: Buffer) => void {
  let pending = NOTHING;
  return (chunk) => {
    const bytes = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    pending = NOTHING;
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd === -1) {
      pending = bytes;
      return;
    }
    const head = bytes.toString("latin1", 0, headEnd);
    const length = LENGTH.exec(head)?.[1];
    if (length === undefined) return onNonsense(`an answer without content-length: ${head.slice(0, 200)}`);
    const bodyAt = headEnd + HEAD_END.length;
    const missing = bodyAt + Number(length) - bytes.length;
    if (missing > 0) pending = bytes;
    else if (missing < 0) onNonsense("an answer is longer than it said");
    else onAnswer({ status: Number(head.slice(9, 12)), text: () => bytes.toString("utf8", bodyAt) });
  };
}
