import { describe, expect, test } from "vitest";
import { createResponseReader } from "./response-reader.ts";

function read(...chunks: readonly string[]): { answers: [number, string][]; nonsense: string[] } {
  const answers: [number, string][] = [];
  const nonsense: string[] = [];
  const push = createResponseReader(
    ({ status, text }) => answers.push([status, text()]),
    (detail) => nonsense.push(detail),
  );
  for (const chunk of chunks) push(Buffer.from(chunk));
  return { answers, nonsense };
}

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

describe("the reader of answers", () => {
  test("reads an answer however it is cut", () => {
    for (let cut = 0; cut <= ANSWER.length; cut++) {
      const { answers, nonsense } = read(...[ANSWER.slice(0, cut), ANSWER.slice(cut)].filter((part) => part !== ""));
      expect(answers).toEqual([[200, "hello"]]);
      expect(nonsense).toEqual([]);
    }
  });

  test("reads one after the other", () => {
    expect(read(ANSWER, ANSWER.replace("200", "503")).answers).toEqual([
      [200, "hello"],
      [503, "hello"],
    ]);
  });

  test.each([
    ["no length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
    ["more than it said", `${ANSWER}!`],
  ])("does not guess: %s", (_case, text) => {
    expect(read(text)).toMatchObject({ answers: [], nonsense: [expect.any(String)] });
  });
});
