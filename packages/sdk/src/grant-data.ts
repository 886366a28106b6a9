import { GrantDataDocument, GrantDataPut, type GrantData } from "@alter-vault/protocol";
import { checkGrantId } from "./call-defaults.ts";
import { callRoute, ROUTE_OPTION_NAMES, type RouteOptions } from "./call-route.ts";
import type { Core } from "./core.ts";
import { checkKnownNames } from "./known-names.ts";
import { checkBody } from "./wire-body.ts";

export async function getGrantData(core: Core, grantId: string, options: RouteOptions = {}): Promise<GrantData> {
  checkKnownNames(options, ROUTE_OPTION_NAMES);
  const pathParam = checkGrantId(grantId);
  return (await callRoute(core, "getGrantData", { ...options, pathParam, answer: GrantDataDocument })).data;
}

export async function setGrantData(
  core: Core,
  grantId: string,
  data: GrantData,
  options: RouteOptions = {},
): Promise<GrantData> {
  checkKnownNames(options, ROUTE_OPTION_NAMES);
  const pathParam = checkGrantId(grantId);
  const body = checkBody(GrantDataPut, { data });
  return (await callRoute(core, "putGrantData", { ...options, pathParam, body, answer: GrantDataDocument })).data;
}
