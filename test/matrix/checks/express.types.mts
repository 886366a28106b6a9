import { requireConnection, requestUser, vaultErrorHandler, vaultMiddleware } from "@alter-vault/express";
import { AlterVault } from "@alter-vault/sdk";
import express from "express";

/* What a program of a user is made of. It is compiled, and not run. */
const vault = new AlterVault({ apiKey: "", userTokenGetter: requestUser });
export const app = express();
app.use(express.json(), vaultMiddleware({ vault, threadId: (req) => req.get("x-chat") }));
app.use("/app", vaultMiddleware({ vault: vault.with({ provider: "notes" }), userToken: false }));
app.get("/", requireConnection({ provider: "notes", returnUrl: (req) => req.url }), (req, res, next) => {
  req.vault.request("GET", "https://api.example").then((answer) => res.json({ status: answer.status }), next);
});
app.use(vaultErrorHandler());
