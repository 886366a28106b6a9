import { vaultErrorHandler, vaultMiddleware } from "@alter-vault/express";
import { BackendError, UserTokenError, type AlterVault, type VaultView } from "@alter-vault/sdk";
import express, { type ErrorRequestHandler, type Express, type Request } from "express";
import type { Login, Session } from "./login.ts";
import { renderPage, renderWelcome, type Helper } from "./page.ts";

/** An agent of the app: in the vault it has an identity and a key of its own. */
export interface Agent extends Helper {
  readonly vault: AlterVault;
}

interface AppParts {
  /** With the key of the app. */
  readonly vault: AlterVault;
  readonly agents: readonly Agent[];
  readonly login: Login;
  readonly trackerOrigin: string;
}

/**
 * The app. It never holds a token of the tracker, and it keeps no list of who may see what: every question to the vault
 * carries the token of the user who asks, and the vault knows only what is theirs.
 */
export function createApp({ vault, agents, login, trackerOrigin }: AppParts): Express {
  const app = express();
  const sessionOf = (request: Request): Session | undefined => login.sessionOf(request);

  app.use((request, response, next) => {
    response.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'");
    // What changes something must come from a page of this very app.
    const origin = request.get("origin");
    if (request.method === "POST" && origin !== `http://${request.get("host")}`) return void response.sendStatus(403);
    next();
  });
  app.use(login.routes);

  app.get("/", async (request, response) => {
    const session = sessionOf(request);
    if (!session) return response.send(renderWelcome());
    const user = vault.withUser(session.idToken);
    const { userId } = await user.resolveIdentity();
    const [delegations, log] = await Promise.all([
      user.delegations.list(),
      // The log is the app's: the user it is asked for is the one whom the vault has verified.
      vault.listAudit({ userId: userId ?? "nobody", limit: 50 }),
    ]);
    const entries = log.entries.filter(({ kind, agentId }) => kind === "request" && agentId !== null);
    const { notice } = request.query;
    const shown = typeof notice === "string" ? notice : undefined;
    response.send(renderPage({ name: session.name, notice: shown, agents, delegations, entries }));
  });

  app.post("/agents/:agentId/:action", async (request, response) => {
    const session = sessionOf(request);
    const agent = agents.find(({ agentId }) => agentId === request.params.agentId);
    if (!session || !agent) return response.redirect("/");
    const user = vault.withUser(session.idToken);
    const notice = await act(request.params.action, { agent, user, session, trackerOrigin });
    response.redirect(`/?${new URLSearchParams({ notice }).toString()}`);
  });

  // Where the app calls by itself, without an agent, `req.vault` is that of the user. A stranger gets a 401.
  app.use(vaultMiddleware({ vault, userToken: (request) => sessionOf(request)?.idToken }));
  app.get("/issues", async (request, response) => {
    const issues = await request.vault.request("GET", `${trackerOrigin}/issues`, { provider: "tracker" });
    response.json(await issues.json());
  });

  app.use(logInAgain, vaultErrorHandler());
  return app;
}

interface Action {
  readonly agent: Agent;
  readonly user: VaultView;
  readonly session: Session;
  readonly trackerOrigin: string;
}

async function act(action: string, { agent, user, session, trackerOrigin }: Action): Promise<string> {
  switch (action) {
    case "engage": {
      const { grants } = await user.listGrants({ providerId: "tracker" });
      for (const { grantId } of grants) {
        await user.delegations.create(grantId, { agentId: agent.agentId, expiresInSeconds: 3600 });
      }
      return `${agent.name} works for you for an hour.`;
    }
    case "dismiss": {
      for (const { delegationId } of await user.delegations.list({ agentId: agent.agentId })) {
        await user.delegations.revoke(delegationId);
      }
      return `${agent.name} does not work for you any more.`;
    }
    case "ask":
      return ask(agent, session, trackerOrigin);
    default:
      return "Nothing was done.";
  }
}

/** What the agent does: with its own key, for this user. A real one would have a model decide. */
async function ask({ name, vault }: Agent, { idToken }: Session, trackerOrigin: string): Promise<string> {
  try {
    const answer = await vault.withUser(idToken).request("GET", `${trackerOrigin}/issues`, {
      provider: "tracker",
      reason: "to say what is open",
    });
    return `${name} found: ${((await answer.json()) as string[]).join(", ")}`;
  } catch (error) {
    // The user's token is over, or the agent was not let in: the first is for the login, the second is an answer.
    if (!(error instanceof BackendError) || error instanceof UserTokenError) throw error;
    return `${name} may not do that for you (${error.code}).`;
  }
}

const logInAgain: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (error instanceof UserTokenError) response.redirect("/login");
  else next(error);
};
