import { LOG_REFS, type LogRef } from "./log-records.ts";

/** What an entry can be searched by, read from its body. */
export function logRefsOf(body: string): [LogRef, string][] {
  const { context, grant_id, caller, agent_id, user_id } = JSON.parse(body) as {
    context?: Record<string, string>;
    grant_id?: string | null;
    agent_id?: string | null;
    user_id?: string | null;
    caller?: { identifier?: string } | null;
  };
  const values: Partial<Record<LogRef, string | null | undefined>> = {
    run_id: context?.["run_id"],
    thread_id: context?.["thread_id"],
    tool_call_id: context?.["tool_call_id"],
    grant_id,
    agent: caller?.identifier,
    agent_id,
    user_id,
  };
  return LOG_REFS.flatMap((name) => {
    const value = values[name];
    return value ? [[name, value] satisfies [LogRef, string]] : [];
  });
}
