/**
 * HTML in which everything is escaped unless it was made here. `html` takes texts, numbers, other `html`, lists of them,
 * and leaves out null, undefined and false. It is for text and for quoted attribute values.
 */
export class Html {
  readonly #text: string;
  constructor(strings: TemplateStringsArray, values: readonly HtmlValue[]) {
    this.#text = strings.map((string, index) => string + (index < values.length ? show(values[index]) : "")).join("");
  }
  toString(): string {
    return this.#text;
  }
}

export type HtmlValue = string | number | Html | readonly HtmlValue[] | null | undefined | false;

/** @example html`<p title="${name}">${name}</p>` */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(strings, values);
}

function show(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Html) return value.toString();
  if (typeof value === "object") return value.map(show).join("");
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
