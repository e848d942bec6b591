import { createRequire } from 'node:module';

interface SpdyTransport {
  readonly protocol: { readonly spdy: { readonly dictionary: Readonly<Record<string, Buffer>> } };
}

/**
 * The words with which SPDY/3 primes its header compression, a constant of the protocol. It is all that is taken from
 * `spdy-transport`: that package honours flow control windows, which Kubernetes' clients never open again, so a stream
 * of its stands still after the first 64 KiB.
 */
export function spdyDictionary(): Buffer {
  const transport: SpdyTransport = createRequire(import.meta.url)('spdy-transport');
  const dictionary = transport.protocol.spdy.dictionary['3.1'];
  if (!dictionary) throw new Error('spdy-transport has no dictionary for SPDY/3.1');
  return dictionary;
}
