/** A rough look at PEM data: its frame and the outermost layer of what is inside. Signers look closer. */

interface PemBlock {
  readonly label: string;
  readonly headers: boolean;
  readonly der: Uint8Array;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)-----END \1-----/g;

function blocksOf(base64: string): PemBlock[] | undefined {
  const text = decode(base64);
  if (text === undefined) return undefined;
  const blocks: PemBlock[] = [];
  for (const [, label = '', body = ''] of text.matchAll(BLOCK)) {
    const headers = body.includes(':');
    const der = headers ? '' : decode(body.replace(/\s/g, ''));
    if (der === undefined) return undefined;
    blocks.push({ label, headers, der: Uint8Array.from(der, (char) => char.charCodeAt(0)) });
  }
  return blocks;
}

function decode(base64: string): string | undefined {
  try {
    return atob(base64);
  } catch {
    return undefined;
  }
}

/** Why this is no PEM certificate request; undefined when it looks like one. */
export function requestPemComplaint(base64: string): string | undefined {
  const first = blocksOf(base64)?.[0];
  if (first?.label !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST';
  return isSequence(first.der) ? undefined : 'asn1: structure error: the request is not a DER sequence';
}

/** Why these are no PEM certificates; undefined when they look like some. */
export function certificatePemComplaint(base64: string): string | undefined {
  const blocks = blocksOf(base64);
  if (!blocks?.length) return 'must contain at least one CERTIFICATE PEM block';
  for (const { label, headers, der } of blocks) {
    if (label !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found "${label}"`;
    if (headers) return 'no PEM block headers are permitted';
    if (!isSequence(der)) return 'asn1: structure error: a certificate is not a DER sequence';
  }
  return undefined;
}

/** Exactly one DER SEQUENCE, whose length is that of the data. */
function isSequence(der: Uint8Array): boolean {
  if (der[0] !== 0x30) return false;
  const first = der[1] ?? 0;
  if (first < 0x80) return der.length === 2 + first;
  const count = first & 0x7f;
  if (count < 1 || count > 4) return false;
  let length = 0;
  for (const byte of der.subarray(2, 2 + count)) length = length * 256 + byte;
  return der.length === 2 + count + length;
}
