/** Both ends of every range of peers that a package declares: what its users may have installed. */
export interface Row {
  /** The package under test, and the file of `checks/` that tries it. */
  readonly package: "langchain" | "ai" | "express" | "mcp";
  readonly dependencies: Readonly<Record<string, string>>;
  /** The framework's own types do not fit these versions, without us either. */
  readonly isUntyped?: true;
}

/** What LangGraph leaves open and newer releases of which want another core. */
const OLD = { "@langchain/langgraph-checkpoint": "1.0.0" };
const NEW = { "@langchain/langgraph-sdk": "1.11.2", "@langchain/protocol": "0.0.19" };

export const ROWS: readonly Row[] = [
  {
    package: "langchain",
    dependencies: { "@langchain/core": "0.3.58", "@langchain/langgraph": "0.4.9", zod: "3.25.76" },
  },
  {
    package: "langchain",
    dependencies: { "@langchain/core": "0.3.80", "@langchain/langgraph": "0.4.9", zod: "4.1.8" },
    isUntyped: true,
  },
  {
    package: "langchain",
    dependencies: { "@langchain/core": "1.0.0", "@langchain/langgraph": "1.0.0", zod: "3.25.76", ...OLD },
  },
  {
    package: "langchain",
    dependencies: { "@langchain/core": "1.2.13", "@langchain/langgraph": "1.4.17", zod: "4.6.7", ...NEW },
  },
  { package: "ai", dependencies: { ai: "5.0.20", zod: "3.25.76" } },
  { package: "ai", dependencies: { ai: "5.0.277", zod: "4.1.8" } },
  { package: "ai", dependencies: { ai: "6.0.0", zod: "4.1.8" } },
  { package: "ai", dependencies: { ai: "6.0.326", zod: "4.6.7" } },
  { package: "ai", dependencies: { ai: "7.0.0", zod: "3.25.76" } },
  { package: "ai", dependencies: { ai: "7.0.173", zod: "4.6.7" } },
  { package: "express", dependencies: { express: "4.18.0", "@types/express": "4.17.21" } },
  { package: "express", dependencies: { express: "4.22.3", "@types/express": "4.17.25" } },
  { package: "express", dependencies: { express: "5.0.0", "@types/express": "5.0.0" } },
  { package: "express", dependencies: { express: "5.3.0", "@types/express": "5.0.6" } },
  { package: "mcp", dependencies: { "@modelcontextprotocol/sdk": "1.23.0", zod: "3.25.76" } },
  { package: "mcp", dependencies: { "@modelcontextprotocol/sdk": "1.32.2", zod: "4.6.7" } },
  {
    package: "mcp",
    dependencies: { "@modelcontextprotocol/server": "2.0.0", "@modelcontextprotocol/client": "2.0.0", zod: "4.6.7" },
  },
  {
    package: "mcp",
    dependencies: { "@modelcontextprotocol/server": "2.4.0", "@modelcontextprotocol/client": "2.4.0", zod: "4.6.7" },
  },
];
