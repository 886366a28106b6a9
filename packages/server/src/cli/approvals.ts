import type { Approval } from "@alter-vault/protocol";
import { Option, type Command } from "commander";
import type { Cli } from "./cli.ts";
import { CONNECTION_ENVIRONMENT, describeCommand } from "./describe-command.ts";
import { withVault } from "./open-vault.ts";
import { integer } from "./options.ts";
import { printable } from "./printable.ts";
import { more, show } from "./show.ts";
import { fields, table } from "./table.ts";

interface ListOptions {
  readonly status?: string;
  readonly waiting?: true;
  readonly limit?: number;
  readonly cursor?: string;
}

const STATUSES = ["pending", "approved", "executing", "executed", "taken", "denied", "failed"];

/** `alter-vault approvals`: calls that somebody must say yes to. */
export function addApprovals(program: Command, cli: Cli): void {
  const approvals = describeCommand(program.command("approvals"), {
    summary: "List, show, approve and deny calls that wait for somebody's yes",
    examples: [
      "alter-vault approvals list --waiting",
      "alter-vault approvals approve 01890000-0000-7000-8000-000000000000",
    ],
  });
  addList(approvals, cli);
  describeCommand(approvals.command("show").argument("<id>", "the approval"), {
    summary: "Show a call with all that is going to be sent",
    examples: ["alter-vault approvals show 01890000-0000-7000-8000-000000000000"],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, _options: object, command: Command) =>
    withVault(cli, command, async (vault) => {
      const approval = await vault.call("getApproval", { id });
      show(cli, command, approval, () => approvalText(approval));
    }),
  );
  addDecision(approvals, cli, "approve", "Say yes: with enough of them the vault makes the call");
  addDecision(approvals, cli, "deny", "Say no: the call is not made");
}

function addList(approvals: Command, cli: Cli): void {
  const list = approvals
    .command("list")
    .addOption(new Option("--status <status>", "only those in one state").choices(STATUSES))
    .option("--waiting", "only those that you can decide about now, with this key")
    .option("--limit <count>", "how many at most (default: 100)", integer)
    .option("--cursor <cursor>", "go on after an earlier page");
  describeCommand(list, {
    summary: "List calls that wait for approval, or waited, newest first",
    examples: ["alter-vault approvals list --waiting", "alter-vault approvals list --status denied"],
    environment: CONNECTION_ENVIRONMENT,
  }).action(({ waiting, ...query }: ListOptions, command: Command) =>
    withVault(cli, command, async (vault) => {
      const answer = await vault.call("listApprovals", {
        query: { ...query, ...(waiting ? { waiting_for: "me" } : {}) },
      });
      const rows = answer.approvals.map((one) => [
        one.approval_id,
        one.status,
        `${one.method} ${one.url}`,
        one.agent_name ?? one.caller.identifier,
        one.reason,
        one.expires_at,
      ]);
      show(
        cli,
        command,
        answer,
        () => table(["ID", "STATUS", "CALL", "AGENT", "REASON", "EXPIRES"], rows) + more(answer),
      );
    }),
  );
}

function addDecision(approvals: Command, cli: Cli, decision: "approve" | "deny", summary: string): void {
  const command = approvals
    .command(decision)
    .argument("<id>", "the approval")
    .option("--reason <text>", "why, for whoever asked and for the audit log");
  describeCommand(command, {
    summary,
    examples: [`alter-vault approvals ${decision} 01890000-0000-7000-8000-000000000000 --reason 'as agreed'`],
    environment: CONNECTION_ENVIRONMENT,
  }).action((id: string, options: { reason?: string }, given: Command) =>
    withVault(cli, given, async (vault) => {
      const state = await vault.call("decideApproval", { id, body: { decision, ...options } });
      show(cli, given, state, () => `It is ${state.status}.\n`);
    }),
  );
}

function approvalText(approval: Approval): string {
  const { headers, body, body_bytes, requirements, context } = approval;
  const told = fields({
    id: approval.approval_id,
    status: approval.status,
    call: `${approval.method} ${approval.url}`,
    operation: approval.operation,
    reason: approval.reason,
    agent: approval.agent_name,
    caller: approval.caller.identifier,
    user: approval.user_id,
    run: context["run_id"],
    thread: context["thread_id"],
    provider: approval.provider_id,
    grant: approval.grant_id,
    expires: approval.expires_at,
    problem: approval.problem,
  });
  const rules = requirements.map(({ rule_id, quorum, approved_by }) => [rule_id, quorum, approved_by]);
  const sent = headers.map(([name, value]) => `${name}: ${value}\n`).join("");
  const content =
    body ?? (body_bytes === null ? "(gone: the call was made)" : `(${body_bytes} bytes that are no text)`);
  const parts = [
    told,
    table(["RULE", "NEEDS", "APPROVED BY"], rules),
    printable(`${sent}\n${content}\n`, { keepLines: true }),
  ];
  return parts.join("\n");
}
