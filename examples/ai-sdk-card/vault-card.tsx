import type { VaultOutput } from "@alter-vault/ai";
import type { ReactNode } from "react";

/** What somebody must do before the tool can go on; nothing when there is nothing to do. */
export function VaultCard({ part }: { part: { state: string; output?: VaultOutput<unknown> } }): ReactNode {
  if (part.state !== "output-available" || part.output?.ok !== false || !part.output.action) return null;
  const { message, url } = part.output.action;
  return (
    <div role="status">
      <p>{message}</p>
      {url && (
        <a href={url} target="_blank" rel="noreferrer">
          {part.output.waiting ? "Continue" : "Do it, then ask again"}
        </a>
      )}
    </div>
  );
}
