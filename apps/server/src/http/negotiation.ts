import { notAcceptable } from '@wheelhouse/shared/errors';
import { PROTOBUF_TYPE } from './protobuf/decode';

export type Encoding = 'json' | 'yaml' | 'protobuf';

/** The form of an answer. */
export type Representation =
  | { readonly form: 'json' }
  | { readonly form: 'yaml' }
  | { readonly form: 'protobuf' }
  | { readonly form: 'table'; readonly version: string }
  | {
      readonly form: 'partial';
      readonly version: string;
      readonly list: boolean;
      readonly encoding: Encoding;
    };

const JSON_FORM: Representation = { form: 'json' };
const PLAIN_FORMS: Readonly<Record<Encoding, Representation>> = {
  json: JSON_FORM,
  yaml: { form: 'yaml' },
  protobuf: { form: 'protobuf' },
};

/** Clients send few different headers, over and over. */
type Known = Map<string, Representation>;
const knownWithProtobuf: Known = new Map();
const knownWithout: Known = new Map();
const MOST_KNOWN = 1000;

/**
 * Chooses the first form that the client accepts, in its order of preference. Throws NotAcceptable.
 * `protobuf`: what is asked for has such a form (custom resources have none).
 */
export function negotiate(accept: string | undefined, { protobuf }: { protobuf: boolean }): Representation {
  if (accept === undefined || accept === '' || accept === 'application/json') return JSON_FORM;
  const known = protobuf ? knownWithProtobuf : knownWithout;
  const cached = known.get(accept);
  if (cached) return cached;
  const chosen = choose(accept, protobuf);
  if (known.size < MOST_KNOWN && accept.length < 1000) known.set(accept, chosen);
  return chosen;
}

/**
 * For answers that are no objects with metadata, which have neither table nor excerpt. Throws NotAcceptable when the
 * client accepts nothing else.
 */
export function requireWhole(accept: string | undefined): void {
  if (!accept?.includes('as=')) return;
  if (parseAccept(accept).some(({ parameters }) => !parameters.has('as'))) return;
  throw notAcceptable('only the following media types are accepted: application/json');
}

export interface AcceptClause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The clauses of an Accept header, the most wanted first. */
export function parseAccept(accept: string): AcceptClause[] {
  const clauses = accept
    .slice(0, 4096)
    .split(',')
    .map((text) => {
      const [type = '', ...rest] = text.split(';').map((part) => part.trim());
      const parameters = new Map(
        rest.map((pair): [string, string] => {
          const equals = pair.indexOf('=');
          return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
        }),
      );
      const quality = Number(parameters.get('q') ?? 1);
      return { type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 0 };
    });
  return clauses.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality);
}

function choose(accept: string, protobuf: boolean): Representation {
  for (const { type, parameters } of parseAccept(accept)) {
    const encoding = encodingNamed(type);
    if (!encoding) continue;
    const as = parameters.get('as');
    if (as === undefined) {
      if (encoding === 'protobuf' && !protobuf) continue;
      return PLAIN_FORMS[encoding];
    }
    if (parameters.get('g') !== 'meta.k8s.io') continue;
    const version = parameters.get('v') ?? '';
    if (version !== 'v1' && version !== 'v1beta1') continue;
    // Tables have no other form than JSON; metadata has each, whatever its object has.
    if (as === 'Table' && encoding === 'json') return { form: 'table', version };
    if (as === 'PartialObjectMetadata') return { form: 'partial', version, list: false, encoding };
    if (as === 'PartialObjectMetadataList') return { form: 'partial', version, list: true, encoding };
  }
  throw notAcceptable(
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;as=Table;v=v1;g=meta.k8s.io, application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  );
}

function encodingNamed(type: string): Encoding | undefined {
  switch (type) {
    case 'application/json':
    case 'application/*':
    case '*/*':
      return 'json';
    case 'application/yaml':
      return 'yaml';
    case PROTOBUF_TYPE:
      return 'protobuf';
    default:
      return undefined;
  }
}

/**
 * How an answer that has no other form than itself is encoded: discovery, reviews, failures. Undefined when the client
 * accepts nothing of what there is.
 */
export function encodingFor(accept: string | undefined): Encoding | undefined {
  if (accept === undefined || accept === '' || accept === 'application/json') return 'json';
  for (const { type } of parseAccept(accept)) {
    const encoding = encodingNamed(type);
    if (encoding) return encoding;
  }
  return undefined;
}
