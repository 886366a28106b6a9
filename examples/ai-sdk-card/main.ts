import assert from "node:assert/strict";
import process from "node:process";
import { DefaultChatTransport, readUIMessageStream } from "ai";
import type { ChatMessage } from "./chat.ts";
import { connectByLink } from "./scripted-user.ts";
import { startWorld, type World } from "./world.ts";

/**
 * A chat whose tool needs a calendar that is not connected. The page shows a card with a link; the tool waits, and goes on
 * by itself when the user is back from Connect.
 *
 * `--once` reads the stream as the page would, checks what is shown, and ends. Otherwise it stays up for you to try.
 */
const world = await startWorld();
try {
  if (process.argv.includes("--once")) await goThrough(world);
  else {
    process.stdout.write(`The assistant is at ${world.url}\nCtrl-C stops it.\n`);
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    });
  }
} finally {
  await world.stop();
}

async function goThrough({ url, calendar }: World): Promise<void> {
  const transport = new DefaultChatTransport<ChatMessage>({ api: `${url}/api/chat` });
  const question: ChatMessage = { id: "1", role: "user", parts: [{ type: "text", text: "What is on today?" }] };
  const ask = { trigger: "submit-message", chatId: "chat-1", messageId: undefined, abortSignal: undefined } as const;
  const stream = await transport.sendMessages({ ...ask, messages: [question] });

  const shown: string[] = [];
  let link: string | undefined;
  for await (const { parts } of readUIMessageStream<ChatMessage>({ stream })) {
    for (const part of parts) {
      if (part.type !== "tool-listEvents" || part.state !== "output-available") continue;
      if (part.output.ok) shown.push(...part.output.data.map(({ title }) => title));
      else if (link === undefined && part.output.action?.url) {
        shown.push("card");
        link = part.output.action.url;
        process.stdout.write(`${part.output.action.message} ${link}\n`);
        assert.equal(calendar.reads(), 0);
        await connectByLink(link);
      }
    }
  }
  assert.deepEqual([...new Set(shown)], ["card", "Lunch with Bob"]);
  assert.equal(calendar.reads(), 1);
  process.stdout.write("The card was shown, the account connected, and the tool went on.\n");
}
