import type { ConnectSettings } from "@alter-vault/protocol";
import { invalid, reads, type Issue, type RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

const NOTHING_SET: ConnectSettings = { display_name: null, website_url: null, return_urls: [], origins: [] };

/** What the acting app says about its own front end: where a browser may be sent back to, who may open the popup. */
export function connectSettingsRoutes({
  store,
}: Pick<RouteDeps, "store">): RouteHandlers<"getConnectSettings" | "putConnectSettings"> {
  return {
    getConnectSettings: ({ caller }) =>
      reads(async () => (await store.findConnectSettings(caller.appId)) ?? NOTHING_SET),
    putConnectSettings: ({ caller, body }) => {
      const settings = {
        ...body,
        return_urls: [...new Set(body.return_urls)],
        origins: [...new Set(body.origins)],
      };
      const issues = [
        ...settings.return_urls.flatMap((url, index) => checkReturnUrl(url, `return_urls.${index}`)),
        ...settings.origins.flatMap((origin, index) => checkOrigin(origin, `origins.${index}`)),
      ];
      if (issues.length > 0) return invalid("invalid_request", issues);
      return {
        ok: true,
        run: async () => {
          await store.putConnectSettings(caller.appId, settings);
          return { ok: true, body: settings };
        },
      };
    },
  };
}

/** They are compared letter by letter, so they must be what a browser makes of them. */
function checkReturnUrl(text: string, path: string): Issue[] {
  const url = new URL(text);
  if (url.hash !== "" || text.includes("#")) return [{ path, message: "has a fragment" }];
  if (url.username !== "" || url.password !== "") return [{ path, message: "holds a user name or password" }];
  return insecure(url) ? [{ path, message: INSECURE }] : [];
}

function checkOrigin(text: string, path: string): Issue[] {
  const { origin } = URL.canParse(text) ? new URL(text) : { origin: "" };
  if (origin === "") return [{ path, message: "is not an origin" }];
  if (origin !== text) return [{ path, message: `is written ${origin}` }];
  return insecure(new URL(text)) ? [{ path, message: INSECURE }] : [];
}

const INSECURE = "is not https; plain http is for this machine alone";

function insecure({ protocol, hostname }: URL): boolean {
  return protocol !== "https:" && !/^(?:(?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
