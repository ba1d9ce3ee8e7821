// Certificates for tests: valid, expired, for other hosts, self-signed.

import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto as unknown as typeof globalThis.crypto);

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 24 * 3600 * 1000;

/** A private certificate authority. */
export interface Authority {
  /** Its certificate, in PEM form. */
  pem: string;
  /** A key and a certificate for a server. */
  issue(options?: { host?: string; isExpired?: boolean }): Promise<{ key: string; cert: string }>;
}

export async function createAuthority(): Promise<Authority> {
  const keys = await generateKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=A test authority",
    keys,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    pem: root.toString("pem"),
    async issue({ host = "localhost", isExpired = false } = {}) {
      const own = await generateKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        subject: `CN=${host}`,
        issuer: root.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        notBefore: new Date(Date.now() - 10 * DAY_MS),
        notAfter: new Date(Date.now() + (isExpired ? -DAY_MS : DAY_MS)),
        signingAlgorithm: ALGORITHM,
        extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }])],
      });
      const key = await webcrypto.subtle.exportKey("pkcs8", own.privateKey);
      return {
        key: x509.PemConverter.encode(key, "PRIVATE KEY"),
        cert: certificate.toString("pem"),
      };
    },
  };
}

/**
 * What `openssl req -x509 -subj /CN=localhost` makes for a server: self-signed and marked as an
 * authority's, with or without alternative names.
 */
export async function selfSigned({ hasAltName = true, isExpired = false } = {}) {
  const keys = await generateKeys();
  const altName = new x509.SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=localhost",
    keys,
    notBefore: new Date(Date.now() - 10 * DAY_MS),
    notAfter: new Date(Date.now() + (isExpired ? -DAY_MS : DAY_MS)),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      ...(hasAltName ? [altName] : []),
    ],
  });
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    key: x509.PemConverter.encode(key, "PRIVATE KEY"),
    cert: certificate.toString("pem"),
  };
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}
