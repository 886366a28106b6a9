/** The style of Connect's pages: one narrow column, the system's font, light and dark. */
export const CONNECT_CSS = `:root {
  color-scheme: light dark;
  --ground: #f3f4f8; --card: #ffffff; --text: #181b2a; --soft: #565b70; --line: #e0e3ec; --hover: #f6f7fb;
  --accent: #3b4fd8; --accent-strong: #2e3fb4; --on-accent: #ffffff;
  --ok: #0b6b43; --ok-ground: #dcf3e7; --warn: #7a4700; --warn-ground: #fdefd6; --bad: #a01c2e; --bad-ground: #fbe4e7;
  --info: #274690; --info-ground: #e4ebfb;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1018; --card: #171a26; --text: #eceef6; --soft: #a6abc0; --line: #2b3042; --hover: #1f2333;
    --accent: #a5b2ff; --accent-strong: #c0c9ff; --on-accent: #10142c;
    --ok: #7fe0b0; --ok-ground: #123526; --warn: #f5c67a; --warn-ground: #3a2a10; --bad: #ff9ba8; --bad-ground: #41181f;
    --info: #a9c2ff; --info-ground: #1a2747;
  }
}
*, *::before, *::after { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center; justify-content: center;
  padding: 1.5rem 1rem; background: var(--ground); color: var(--text); }
main { width: 100%; max-width: 27rem; padding: 2rem 1.75rem 1.5rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 18px; box-shadow: 0 1px 2px rgb(20 24 50 / .05), 0 12px 32px rgb(20 24 50 / .07); overflow-wrap: anywhere; }
footer { margin-top: 1.1rem; color: var(--soft); font-size: .8rem; display: flex; align-items: center; gap: .35rem; }
h1 { margin: 1rem 0 .4rem; font-size: 1.3rem; line-height: 1.3; letter-spacing: -.01em; text-wrap: balance; }
h2 { margin: 0 0 .5rem; font-size: .95rem; }
p { margin: .4rem 0; }
a { color: var(--accent); text-underline-offset: .15em; }
code { font: .88em ui-monospace, SFMono-Regular, Menlo, monospace; }
ul { list-style: none; margin: 0; padding: 0; }
.lead { text-align: center; margin-bottom: 1.4rem; }
.lead p { color: var(--soft); text-wrap: balance; }
.lead p strong { color: var(--text); }
.small { font-size: .875rem; color: var(--soft); }
.center { text-align: center; }
.tile { display: inline-grid; place-items: center; flex: none; width: 2.6rem; height: 2.6rem; border-radius: .8rem;
  color: #fff; font-weight: 650; font-size: 1.1rem; }
.lead .tile { width: 3.25rem; height: 3.25rem; border-radius: 1rem; font-size: 1.4rem; }
.tone-0 { background: #3b4fd8; } .tone-1 { background: #0f766e; } .tone-2 { background: #a53a1c; }
.tone-3 { background: #7c3aaf; } .tone-4 { background: #1d6fa5; } .tone-5 { background: #475069; }
.pair { display: flex; align-items: center; justify-content: center; gap: .7rem; }
.pair .link { width: 2.2rem; border-top: 3px dotted var(--soft); opacity: .6; }
.choices { margin: 0 0 1.2rem; border: 1px solid var(--line); border-radius: 14px; overflow: hidden; }
.choices > li + li { border-top: 1px solid var(--line); }
.choice { display: flex; align-items: center; gap: .85rem; padding: .8rem .9rem; color: inherit; text-decoration: none; }
a.choice:hover { background: var(--hover); }
.about { flex: 1; min-width: 0; display: flex; flex-direction: column; }
.name { font-weight: 600; }
.go { color: var(--soft); font-size: 1.4rem; line-height: 1; }
section { margin-bottom: 1.1rem; }
.scopes { border: 1px solid var(--line); border-radius: 14px; padding: .2rem .9rem; }
.scopes li { display: flex; align-items: flex-start; justify-content: space-between; gap: .8rem; padding: .55rem 0; }
.scopes li + li { border-top: 1px solid var(--line); }
.scopes li > :first-child { min-width: 0; }
.chips { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: .3rem; flex: none; max-width: 50%; }
.chip { flex: none; padding: .1rem .5rem; border-radius: 99px; font-size: .75rem; font-weight: 600; line-height: 1.5;
  white-space: nowrap; color: var(--info); background: var(--info-ground); }
.chip.ok { color: var(--ok); background: var(--ok-ground); }
.chip.write, .chip.sensitive { color: var(--warn); background: var(--warn-ground); }
.chip.admin { color: var(--bad); background: var(--bad-ground); }
.facts { margin-bottom: 1.3rem; font-size: .875rem; color: var(--soft); }
.facts li { position: relative; padding-left: 1.25rem; }
.facts li + li { margin-top: .35rem; }
.facts li::before { content: "✓"; position: absolute; left: 0; color: var(--ok); font-weight: 700; }
button, .button { display: block; width: 100%; padding: .72rem 1rem; border: 1px solid transparent; border-radius: 12px;
  font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; transition: background .15s; }
.primary { background: var(--accent); color: var(--on-accent); }
.primary:hover { background: var(--accent-strong); }
.quiet { margin-top: .4rem; background: transparent; color: var(--soft); }
.quiet:hover { background: var(--hover); color: var(--text); }
button:disabled { opacity: .6; cursor: default; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a.choice:focus-visible { outline-offset: -3px; border-radius: 14px; }
.back { text-align: center; margin-top: .9rem; font-size: .9rem; }
.field { margin-bottom: 1rem; }
label { font-weight: 600; font-size: .95rem; }
.field .small { margin: .1rem 0 .3rem; }
input[type=text], textarea, select { width: 100%; margin-top: .3rem; padding: .62rem .75rem; border: 1px solid var(--soft); border-radius: 10px;
  background: var(--card); color: var(--text); font: inherit; }
input::placeholder { color: var(--soft); opacity: 1; }
input[type=text][aria-invalid], select[aria-invalid] { border-color: var(--bad); border-width: 2px; }
.issue { color: var(--bad); font-size: .875rem; }
.notice { margin: 0 0 1.1rem; padding: .65rem .85rem; border-radius: 12px; font-size: .9rem; color: var(--warn);
  background: var(--warn-ground); }
.notice.bad { color: var(--bad); background: var(--bad-ground); }
.mark { display: inline-grid; place-items: center; width: 3.25rem; height: 3.25rem; border-radius: 50%; font-size: 1.5rem;
  font-weight: 700; color: var(--soft); background: var(--hover); }
.mark.ok { color: var(--ok); background: var(--ok-ground); }
.mark.bad { color: var(--bad); background: var(--bad-ground); }
.details { margin: 1.3rem 0 0; padding-top: .9rem; border-top: 1px solid var(--line); font-size: .84rem; }
.details div { display: flex; gap: .75rem; }
.content { max-height: 22rem; margin: .5rem 0 0; padding: .7rem .8rem; overflow: auto; border: 1px solid var(--line); border-radius: 10px;
  font-size: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.details + section { margin-top: 1.3rem; }
.details div + div { margin-top: .3rem; }
dt { flex: none; width: 7rem; color: var(--soft); }
dd { margin: 0; min-width: 0; }
.spinner { display: inline-block; width: 2.2rem; height: 2.2rem; border: 3px solid var(--line); border-top-color: var(--accent);
  border-radius: 50%; animation: turn .9s linear infinite; }
@keyframes turn { to { transform: rotate(1turn); } }
@media (max-width: 30rem) {
  body { padding: 0; justify-content: flex-start; background: var(--card); }
  main { border: 0; border-radius: 0; box-shadow: none; padding: 1.75rem 1.15rem 1rem; }
  footer { padding-bottom: 1.2rem; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
`;
