/** No path template is longer. */
export const MOST_SEGMENTS = 32;

const segments = Array.from({ length: MOST_SEGMENTS }, (_, at) => `s${at}?: String`).join(", ");

const schemaWith = (more: string): string => `namespace AlterVault {
  entity App, User, Agent, Grant;

  // By JSON pointer or name: all texts at that place. What the vault cannot read is not there.
  entity Fields tags Set<String>;
  // By JSON pointer: the one whole number at that place.
  entity Numbers tags Long;
  // By name: what the caller says. UNTRUSTED.
  entity Claims tags String;
  // By IANA zone: what its wall clocks say. Cedar knows no zones. Monday is weekday 0.
  entity Clocks tags { minute: Long, weekday: Long, date: String, date_before: String };
  entity Answers tags Bool;

  // Decoded segments: /repos/a is { length: 2, s0: "repos", s1: "a" }.
  type Path = { length: Long, ${segments} };

  type Call = {
    app: String, provider: String, grant: String, secret?: String, user?: String,
    // By id and by name.
    agents: Set<String>, groups: Set<String>, scopes: Set<String>,
    method?: String, host: String, port: Long, path?: Path,
    // In lower case, and without .json and .xml behind names: as a generous server reads it.
    folded_path?: Path,
    operation?: String, folded_operation?: String, access: Set<String>,
    source_ip?: ipaddr, now_ms: Long, grant_age_ms: Long, clocks: Clocks,
    claims: Claims, query: Fields, body: Fields, numbers: Numbers${more},
  };

  action request, retrieve appliesTo { principal: [App, User, Agent], resource: [Grant], context: Call };
}
`;

/** What rules that are written in Cedar may speak about. */
export const CEDAR_SCHEMA: string = schemaWith("");

/**
 * The same, with answers the vault works out itself: for structured rules that look at a field in a way Cedar has no
 * words for.
 */
export const CEDAR_SCHEMA_WITH_ANSWERS: string = schemaWith(", answers: Answers");
