import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startProgram, type Core } from "../processes/child.ts";
import { cpuOfProcess } from "../processes/cpu.ts";
import { findFreePort, waitForPort } from "./free-port.ts";
import { UPSTREAM_BODY, UPSTREAM_PATH, UPSTREAM_TOKEN, type System } from "./system.ts";

const PROGRAM = "/usr/sbin/nginx";

export function hasNginx(): boolean {
  return existsSync(PROGRAM);
}

/** nginx that passes calls on and adds the header: about as little as a proxy can do. */
export async function startNginxInjector(dir: string, upstreamPort: number): Promise<System> {
  const { port, pid } = await startNginx("system", join(dir, "nginx-injector"), (own) => [
    `upstream provider { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 1000000000; }`,
    `server { listen 127.0.0.1:${own}; location / {`,
    "proxy_pass http://provider; proxy_http_version 1.1;",
    `proxy_set_header Connection ""; proxy_set_header Authorization "Bearer ${UPSTREAM_TOKEN}";`,
    "} }",
  ]);
  return {
    name: "nginx",
    title: "nginx, adds a header",
    port,
    call: { kind: "plain", path: UPSTREAM_PATH },
    cpu: async () => cpuOfProcess(pid),
  };
}

/** nginx as the upstream: it answers whoever brings the token, and 401 to everybody else. */
export function startNginxUpstream(dir: string): Promise<{ port: number; pid: number }> {
  return startNginx("load", join(dir, "nginx-upstream"), (port) => [
    "map_hash_bucket_size 256;",
    `map $http_authorization $known { default 0; "Bearer ${UPSTREAM_TOKEN}" 1; }`,
    `server { listen 127.0.0.1:${port}; default_type application/json;`,
    `location / { if ($known = 0) { return 401 '{}'; } return 200 '${UPSTREAM_BODY}'; } }`,
  ]);
}

async function startNginx(
  core: Core,
  dir: string,
  http: (port: number) => readonly string[],
): Promise<{ port: number; pid: number }> {
  const port = await findFreePort();
  mkdirSync(dir, { recursive: true });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const config = [
    // One process that is master and worker in one: nothing stays behind when it is ended.
    "daemon off; master_process off;",
    "pid nginx.pid; error_log error.log crit;",
    "events { worker_connections 2048; }",
    "http {",
    "access_log off; keepalive_timeout 600s; keepalive_requests 1000000000;",
    ...temporary.map((name) => `${name}_temp_path ${name};`),
    ...http(port),
    "}",
  ];
  writeFileSync(join(dir, "nginx.conf"), `${config.join("\n")}\n`);
  const { pid } = startProgram(core, PROGRAM, ["-p", dir, "-e", "error.log", "-c", "nginx.conf"]);
  await waitForPort(port, 5_000);
  return { port, pid };
}
