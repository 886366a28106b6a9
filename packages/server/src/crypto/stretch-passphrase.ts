import { scrypt } from "node:crypto";

/**
 * 32 bytes of key out of a passphrase, at a price: 128 MB of memory and a good part of a second for each guess (scrypt,
 * N = 2^17, r = 8, p = 1, as OWASP has it). The salt is as long as the key and is for one use.
 */
export function stretchPassphrase(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Typed on another keyboard, the same letters may come composed in another way.
    scrypt(passphrase.normalize("NFKC"), salt, 32, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };
