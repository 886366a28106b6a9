/**
 * A browser without a window, for pages that decide by themselves: follows redirects, keeps the cookies of each host, and
 * answers with the last page.
 */
export async function follow(start: string): Promise<{ readonly url: URL; readonly status: number }> {
  const jars = new Map<string, Map<string, string>>();
  let url = new URL(start);
  for (let hops = 0; hops < 20; hops++) {
    const jar = jars.get(url.host) ?? new Map<string, string>();
    jars.set(url.host, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { headers: { cookie }, redirect: "manual" });
    await answer.body?.cancel();
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    const location = answer.headers.get("location");
    if (location === null) return { url, status: answer.status };
    url = new URL(location, url);
  }
  throw new Error("too many redirects");
}
