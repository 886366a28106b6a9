import type { AuditEntry, DelegationInfo } from "@alter-vault/sdk";

export interface Helper {
  readonly agentId: string;
  readonly name: string;
}

interface Shown {
  readonly name: string;
  /** What was just said, such as an agent's answer. */
  readonly notice: string | undefined;
  readonly agents: readonly Helper[];
  readonly delegations: readonly DelegationInfo[];
  readonly entries: readonly AuditEntry[];
}

/** The page of somebody who is logged in: who works for them, and what those have done. */
export function renderPage({ name, notice, agents, delegations, entries }: Shown): string {
  const nameOf = new Map(agents.map((agent) => [agent.agentId, agent.name]));
  const isAllowed = (agentId: string): boolean =>
    delegations.some((delegation) => delegation.agentId === agentId && delegation.status === "active");
  return layout(
    `<h1>${escape(name)}'s notebook</h1>
    <form method="post" action="/logout"><button>Log out</button></form>
    ${notice === undefined ? "" : `<p role="status">${escape(notice)}</p>`}
    <h2>Agents</h2><ul>${agents.map((agent) => `<li>${agentLine(agent, isAllowed(agent.agentId))}</li>`).join("")}</ul>
    <h2>What they did for you</h2>
    <table><thead><tr><th>Agent<th>Call<th>Why<th>Result</tr></thead><tbody>
    ${entries.map((entry) => entryRow(entry, nameOf.get(entry.agentId ?? "") ?? "")).join("")}
    </tbody></table>`,
  );
}

export function renderWelcome(): string {
  return layout(`<h1>Notebook</h1><p><a href="/login">Log in</a></p>`);
}

function agentLine({ agentId, name }: Helper, isAllowed: boolean): string {
  const button = (action: string, text: string): string =>
    `<form method="post" action="/agents/${escape(agentId)}/${action}"><button>${text} ${escape(name)}</button></form>`;
  return `${escape(name)} ${isAllowed ? button("dismiss", "Dismiss") : button("engage", "Engage")} ${button("ask", "Ask")}`;
}

function entryRow({ method, url, reason, decision, code, status }: AuditEntry, agent: string): string {
  const result = decision === "allow" ? `allowed, ${status ?? "no answer"}` : `refused: ${code}`;
  const cells = [agent, `${method} ${url}`, reason ?? "", result];
  return `<tr>${cells.map((cell) => `<td>${escape(cell)}</td>`).join("")}</tr>`;
}

function layout(body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Notebook</title><main>${body}</main></html>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
