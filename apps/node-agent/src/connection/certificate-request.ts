import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** A new private key, PKCS#8 PEM. */
export async function generatePrivateKey(): Promise<string> {
  const { privateKey } = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
}

/** A PKCS#10 request (PEM) for this key. Its subject is a courtesy: the server sets the real one. */
export async function createCertificateRequest(keyPem: string, commonName: string): Promise<string> {
  const pkcs8 = x509.PemConverter.decodeFirst(keyPem);
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, KEY, true, ['sign']);
  // WebCrypto derives no public key from a private one; the JWK holds both, so its private member is dropped.
  const { d: _private, key_ops: _operations, ...jwk } = await webcrypto.subtle.exportKey('jwk', privateKey);
  const publicKey = await webcrypto.subtle.importKey('jwk', jwk, KEY, true, ['verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name([{ CN: [commonName] }]),
    keys: { privateKey, publicKey },
    signingAlgorithm: SIGNATURE,
  });
  return request.toString('pem');
}
