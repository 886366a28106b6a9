/** What kind of program makes the calls. It is written to the audit log and grants nothing. */
export const CallerType = {
  AGENT: "agent",
  SERVICE: "service",
  MCP_SERVER: "mcp_server",
} as const;
export type CallerType = (typeof CallerType)[keyof typeof CallerType];
