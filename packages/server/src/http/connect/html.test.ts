import fc from "fast-check";
import { expect, test } from "vitest";
import { html } from "./html.ts";

test("texts are escaped, html is not escaped twice, nothing is nothing", () => {
  const inner = html`<b>${"a&b"}</b>`;
  expect(html`<p title="${`"'<>`}">${inner}${[1, inner]}${null}${undefined}${false}</p>`.toString()).toBe(
    `<p title="&#34;&#39;&#60;&#62;"><b>a&#38;b</b>1<b>a&#38;b</b></p>`,
  );
});

test("whatever a text holds, it opens no tag, ends no attribute, and reads as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      const shown = html`${text}`.toString();
      expect(shown).not.toMatch(/[<>"']/);
      expect(shown.replace(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code)))).toBe(text);
    }),
  );
});

test("an object that only looks like html is not taken for it", () => {
  const forged = { toString: () => "<script>" } as unknown as string;
  expect(() => html`${forged}`.toString()).toThrow(TypeError);
});
