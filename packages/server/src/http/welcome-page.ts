/** What a browser sees at the vault's address: where things are. No script, no style from elsewhere, nothing secret. */
export function welcomePage(version: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Alter Vault</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; }
  body { max-width: 42rem; margin: 10vh auto; padding: 0 1.25rem; }
  code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
  dt { font-weight: 600; margin-top: 1rem; }
  dd { margin: 0; }
</style>
</head>
<body>
<main>
<h1>Alter Vault is running</h1>
<p>Version ${version}. Agents call it through the SDK; people use the command line.</p>
<dl>
<dt>Is it well?</dt><dd><a href="/readyz">/readyz</a>, or <code>alter-vault doctor</code></dd>
<dt>Which endpoints are there?</dt><dd><a href="/openapi.json">/openapi.json</a></dd>
<dt>Store a credential</dt><dd><code>alter-vault secrets create --name demo --kind bearer --value-stdin --allow-host api.example.com</code></dd>
<dt>See what happened</dt><dd><code>alter-vault audit list</code></dd>
<dt>Check that nobody changed it</dt><dd><code>alter-vault audit verify</code></dd>
</dl>
</main>
</body>
</html>
`;
}
