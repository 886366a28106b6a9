import { CallerType } from "./caller-type.ts";

/** The older names of {@link CallerType}. Both are accepted; the audit log knows only the newer ones. */
export const ActorType = {
  AI_AGENT: "ai_agent",
  BACKEND_SERVICE: "backend_service",
  MCP_SERVER: "mcp_server",
} as const;
export type ActorType = (typeof ActorType)[keyof typeof ActorType];

export const CALLER_TYPE_OF_ACTOR: Readonly<Record<ActorType, CallerType>> = {
  ai_agent: CallerType.AGENT,
  backend_service: CallerType.SERVICE,
  mcp_server: CallerType.MCP_SERVER,
};
