import { useChat } from "@ai-sdk/react";
import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import type { ChatMessage } from "./chat.ts";
import { VaultCard } from "./vault-card.tsx";

function Chat(): ReactNode {
  const { messages, sendMessage, status } = useChat<ChatMessage>();
  return (
    <main>
      <h1>Assistant</h1>
      {messages.map(({ id, role, parts }) => (
        <article key={id} aria-label={role}>
          {parts.map((part, at) => (
            <Part key={at} part={part} />
          ))}
        </article>
      ))}
      <button disabled={status !== "ready"} onClick={() => void sendMessage({ text: "What is on today?" })}>
        What is on today?
      </button>
    </main>
  );
}

function Part({ part }: { part: ChatMessage["parts"][number] }): ReactNode {
  if (part.type === "text") return <p>{part.text}</p>;
  if (part.type !== "tool-listEvents") return null;
  if (part.state !== "output-available" || !part.output.ok) return <VaultCard part={part} />;
  return (
    <ul aria-label="Events">
      {part.output.data.map(({ title }) => (
        <li key={title}>{title}</li>
      ))}
    </ul>
  );
}

const root = document.querySelector("#root");
if (root) createRoot(root).render(<Chat />);
