import dictionaries from 'spdy-transport/lib/spdy-transport/protocol/spdy/dictionary.js';

/**
 * The words with which SPDY/3 primes its header compression, a constant of the protocol. It is all that is taken from
 * `spdy-transport`: that package honours flow control windows, which Kubernetes' clients never open again, so a stream
 * of its stands still after the first 64 KiB.
 */
export const SPDY_DICTIONARY: Buffer = dictionaries['3.1'];
