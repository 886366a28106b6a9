import assert from "node:assert/strict";

/** Somebody with a browser: follows redirects, keeps cookies, presses buttons. */
export class Visitor {
  readonly #jar = new Map<string, Map<string, string>>();
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  /** The page at the end of all redirects. */
  async open(path: string): Promise<string> {
    return (await this.#go(new URL(path, this.#home), {})).text;
  }

  async logInAs(id: string): Promise<string> {
    const { url } = await this.#go(new URL("/login", this.#home), {});
    return (await this.#go(url, { method: "POST", body: new URLSearchParams({ id }) })).text;
  }

  /** Presses the button with this text on the page. */
  async press(page: string, text: string): Promise<string> {
    const path = new RegExp(`action="([^"]+)"><button>${text}</button>`).exec(page)?.[1];
    assert.ok(path, `there is no button "${text}"`);
    return (await this.#go(new URL(path, this.#home), { method: "POST", body: new URLSearchParams() })).text;
  }

  async #go(start: URL, first: RequestInit): Promise<{ url: URL; text: string }> {
    let url = start;
    let init = first;
    for (let hops = 0; hops < 20; hops++) {
      const cookies = this.#jar.get(url.host) ?? new Map<string, string>();
      this.#jar.set(url.host, cookies);
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const headers = { cookie, ...(init.method === "POST" ? { origin: url.origin } : {}) };
      const answer = await fetch(url, { ...init, headers, redirect: "manual" });
      for (const line of answer.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (value === "") cookies.delete(name);
        else cookies.set(name, value);
      }
      const location = answer.headers.get("location");
      if (location === null) {
        assert.ok(answer.ok, `${url.pathname} answers ${answer.status}`);
        return { url, text: await answer.text() };
      }
      url = new URL(location, url);
      init = {};
    }
    throw new Error("too many redirects");
  }
}
