import { IdentityProviderList, type IdentityProvider } from "@alter-vault/protocol";
import { checkText } from "../call-defaults.ts";
import { callRoute } from "../call-route.ts";
import { checkUuid } from "../check-uuid.ts";
import type { Core } from "../core.ts";
import { AlterValueError } from "../errors.ts";

/** As whom this program is known to whom. It has no secret: what runs at a person's machine cannot keep one. */
export interface SignInClient {
  readonly issuer: string;
  readonly clientId: string;
}

interface Wish {
  readonly idpId?: string | undefined;
  readonly issuer?: string | undefined;
  readonly clientId?: string | undefined;
}

/** The client to sign in with: as the program says, or as it is set up with the app's identity provider. */
export async function findClient(core: Core, wish: Wish, signal: AbortSignal | undefined): Promise<SignInClient> {
  const { idpId, issuer, clientId } = wish;
  if (issuer !== undefined || clientId !== undefined) {
    if (idpId !== undefined || issuer === undefined || clientId === undefined) {
      throw new AlterValueError('Pass "issuer" and "clientId" together, or "idpId" alone, or none of them.');
    }
    return { issuer: checkText("issuer", issuer, 500), clientId: checkText("clientId", clientId, 500) };
  }
  const wanted = idpId === undefined ? undefined : checkUuid("idpId", idpId);
  const answer = IdentityProviderList;
  // Nobody has signed in yet, and a token that has ended must not keep anybody from getting a new one.
  const { identity_providers: all } = await callRoute(core, "listIdentityProviders", {
    signal,
    userToken: null,
    answer,
  });
  return pick(all, wanted);
}

function pick(all: readonly IdentityProvider[], idpId: string | undefined): SignInClient {
  const usable = all.flatMap(({ idp_id, issuer, client_id: clientId, status }) =>
    status === "active" && clientId !== null && (idpId === undefined || idp_id === idpId)
      ? [{ idp_id, issuer, clientId }]
      : [],
  );
  const [first, ...others] = usable;
  if (first === undefined) {
    throw new AlterValueError(
      idpId === undefined
        ? 'The app has no identity provider with a client id to sign in with. Set one with `alter-vault idp update`, or pass "issuer" and "clientId".'
        : `The app has no active identity provider ${idpId} with a client id to sign in with.`,
    );
  }
  if (others.length > 0) {
    const choices = usable.map(({ idp_id, issuer }) => `${idp_id} (${issuer})`).join(", ");
    throw new AlterValueError(
      `There are several identity providers to sign in with. Pass "idpId", one of: ${choices}.`,
    );
  }
  return { issuer: first.issuer, clientId: first.clientId };
}
