import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { createRequire, stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";

/**
 * The web site of an app that lets its users connect: a page with one button, once with the published browser package and
 * once with ours. What the package tells it is kept in `window.told`.
 */
export interface AppSite {
  readonly origin: string;
  /** `?token=…&vault=…` are added. */
  page(browserPackage: "published" | "ours", token: string, vaultUrl: string): string;
  readonly returnUrl: string;
  close(): Promise<void>;
}

const PUBLISHED = join(dirname(createRequire(import.meta.url).resolve("@alter-ai/connect")), "alter-connect.esm.js");
const OURS = new URL("../../packages/connect/src/", import.meta.url);

export async function startAppSite(): Promise<AppSite> {
  const http = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://app");
    if (pathname === "/") return send(response, "text/html", PAGE);
    if (pathname === "/page.js") return send(response, "text/javascript", SCRIPT);
    if (pathname === "/published/index.js") return send(response, "text/javascript", readFileSync(PUBLISHED, "utf8"));
    const file = /^\/ours\/([a-z-]+)\.ts$/.exec(pathname)?.[1];
    if (file === undefined) return void response.writeHead(404).end();
    send(response, "text/javascript", stripTypeScriptTypes(readFileSync(new URL(`${file}.ts`, OURS), "utf8")));
  });
  await new Promise<void>((resolve) => http.listen(0, "localhost", resolve));
  const origin = `http://localhost:${(http.address() as AddressInfo).port}`;
  return {
    origin,
    returnUrl: `${origin}/?back=1`,
    page: (browserPackage, token, vaultUrl) =>
      `${origin}/?${new URLSearchParams({ package: browserPackage, token, vault: vaultUrl }).toString()}`,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { "content-type": `${type}; charset=utf-8`, "cache-control": "no-store" }).end(body);
}

const PAGE = `<!doctype html><html lang="en"><title>The app</title><main><h1>The app</h1><button id="connect">Connect</button></main>
<script type="module" src="/page.js"></script></html>`;

const SCRIPT = `
const given = new URLSearchParams(location.search);
const which = given.get("package") ?? sessionStorage.getItem("package") ?? "ours";
sessionStorage.setItem("package", which);
const { default: AlterConnect } = await import(which === "published" ? "/published/index.js" : "/ours/index.ts");
window.told = [];
const tell = (kind) => (value) => window.told.push({ kind, value: value ?? null });
const connect = AlterConnect.create({ debug: true });
for (const kind of ["success", "error", "exit", "close"]) connect.on(kind, tell("on " + kind));
const options = {
  token: given.get("token"), baseURL: given.get("vault"),
  onSuccess: tell("success"), onError: tell("error"), onExit: tell("exit"), onEvent: (name) => tell("event")(name),
};
window.openConnect = () => connect.open(options);
window.connect = connect;
document.querySelector("#connect").onclick = window.openConnect;
window.ready = true;
`;
