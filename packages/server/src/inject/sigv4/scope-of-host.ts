import { GLOBAL_SERVICES, NOT_SERVICES, SIGNING_NAMES } from "./service-names.ts";

export interface HostScope {
  readonly region?: string;
  readonly service?: string;
}

/** Endings of AWS host names, and the region that a host of the partition means when it names none. */
const PARTITIONS: readonly (readonly [suffix: string, region: string])[] = [
  [".amazonaws.com.cn", "cn-northwest-1"],
  [".api.amazonwebservices.com.cn", "cn-northwest-1"],
  [".on.amazonwebservices.com.cn", "cn-northwest-1"],
  [".amazonaws.eu", "eusc-de-east-1"],
  [".api.amazonwebservices.eu", "eusc-de-east-1"],
  [".amazonaws.com", "us-east-1"],
  [".api.aws", "us-east-1"],
  [".on.aws", "us-east-1"],
];

const REGION = /^[a-z]{2,4}(?:-[a-z]{2,})+-\d{1,2}$/;

/**
 * What an AWS host name says about region and service: `sqs.eu-west-1.amazonaws.com`, `bucket.s3.amazonaws.com`,
 * `x.us-east-1.es.amazonaws.com`, `id.lambda-url.us-east-1.on.aws`, dual-stack, FIPS and VPC endpoints. Either is left
 * out where the name does not say it; both for a host that is not of AWS.
 */
export function scopeOfHost(host: string): HostScope {
  const name = host.toLowerCase().replace(/\.$/, "");
  const partition = PARTITIONS.find(([suffix]) => name.endsWith(suffix));
  if (partition === undefined) return {};
  const [suffix, home] = partition;
  const labels = meaningfulLabels(name.slice(0, -suffix.length));
  return s3WithoutRegionLabel(labels, home) ?? regional(labels) ?? global(labels, home);
}

/** The labels in front of the ending, without those that say only how to get there. */
function meaningfulLabels(front: string): string[] {
  const labels = front.split(".").filter((label) => label !== "dualstack");
  const rest = labels.slice(0, -1);
  if (labels.at(-1) === "vpce") return rest;
  // All of GovCloud, whose home is its western region, unless a region stands in front.
  if (labels.at(-1) === "us-gov") return REGION.test(rest.at(-1) ?? "") ? rest : [...rest, "us-gov-west-1"];
  return labels;
}

/** `bucket.s3.amazonaws.com` and its old relatives. First of all, because a bucket may be called like a region. */
function s3WithoutRegionLabel(labels: readonly string[], home: string): HostScope | null {
  const last = labels.at(-1) ?? "";
  if (last === "s3" || last === "s3-external-1") return { region: home, service: "s3" };
  if (last === "s3-accelerate") return { service: "s3" };
  const region = /^s3-(?:fips-)?(.+)$/.exec(last)?.[1];
  return region !== undefined && REGION.test(region) ? { region, service: "s3" } : null;
}

/** `service.region`, and `region.service` of the services that put it so. */
function regional(labels: readonly string[]): HostScope | null {
  for (const [region, before] of [
    [labels.at(-1), labels.slice(0, -1)],
    [labels.at(-2), [...labels.slice(0, -2), ...labels.slice(-1)]],
  ] as const) {
    if (region === undefined || !REGION.test(region) || before.length === 0) continue;
    const service = signingName(before);
    return NOT_SERVICES.has(service) ? {} : { region, service };
  }
  return null;
}

/** `iam.amazonaws.com`, `iam.global.api.aws`, `global.health.amazonaws.com`. */
function global(labels: readonly string[], home: string): HostScope {
  const service = signingName(labels.filter((label) => label !== "global"));
  if (service === "" || !(labels.at(-1) === "global" || GLOBAL_SERVICES.has(service))) return {};
  // China's IAM and support are at home in the other region.
  const region = home === "cn-northwest-1" && ["iam", "support"].includes(service) ? "cn-north-1" : home;
  return { region, service };
}

function signingName(labels: readonly string[]): string {
  const last = (labels.at(-1) ?? "").replace(/-fips$|^fips-/, "");
  if (last.startsWith("s3express-")) return "s3express";
  const before = labels.at(-2);
  const byTwo = before === undefined ? undefined : (name(`${before}.${last}`) ?? name(`*.${last}`));
  return byTwo ?? name(last) ?? last;
}

function name(label: string): string | undefined {
  return Object.hasOwn(SIGNING_NAMES, label) ? SIGNING_NAMES[label] : undefined;
}
