import { notAcceptable } from '@wheelhouse/shared/errors';
import { type AcceptClause, parseAccept } from './accept';
import { PROTOBUF_TYPE } from './protobuf/decode';

export type Encoding = 'json' | 'yaml' | 'protobuf';

/** The form of an answer. */
export type Representation =
  | { readonly form: 'json' }
  | { readonly form: 'yaml' }
  | { readonly form: 'protobuf' }
  | { readonly form: 'table'; readonly version: string; readonly encoding: Exclude<Encoding, 'protobuf'> }
  | {
      readonly form: 'partial';
      readonly version: string;
      readonly list: boolean;
      readonly encoding: Encoding;
    };

/** What there is to choose from. */
export interface Offer {
  /** What is asked for has such a form (custom resources have none). */
  readonly protobuf: boolean;
  /** A custom resource: its paths are not registered with the router that looks at Accept on its own. */
  readonly custom: boolean;
}

const JSON_FORM: Representation = { form: 'json' };
const PLAIN_FORMS: Readonly<Record<Encoding, Representation>> = {
  json: JSON_FORM,
  yaml: { form: 'yaml' },
  protobuf: { form: 'protobuf' },
};

const MEDIA_TYPES: readonly (readonly [string, Encoding])[] = [
  ['application/json', 'json'],
  ['application/yaml', 'yaml'],
  [PROTOBUF_TYPE, 'protobuf'],
];
const ALL_TYPES = MEDIA_TYPES.map(([type]) => type);

/** Clients send few different headers, over and over: answers by offer, then by header. */
const known = [0, 1, 2, 3].map(() => new Map<string, Representation>());
const MOST_KNOWN = 1000;

/** Chooses the first form that the client accepts, in its order of preference. Throws NotAcceptable. */
export function negotiate(accept: string | undefined, offer: Offer): Representation {
  if (accept === undefined || accept === '' || accept === 'application/json') return JSON_FORM;
  const answers = known[(offer.protobuf ? 1 : 0) + (offer.custom ? 2 : 0)];
  const cached = answers?.get(accept);
  if (cached) return cached;
  const chosen = choose(accept, offer);
  if (answers && answers.size < MOST_KNOWN && accept.length < 1000) answers.set(accept, chosen);
  return chosen;
}

/**
 * The router's own look at the header, before anything else happens: one of the media types has to stand there
 * literally, or all of them be welcome. Parameters and weights do not count, nor does `application/*`.
 */
export function requireProducible(accept: string | undefined, produced: readonly string[] = ALL_TYPES): void {
  if (accept === undefined || accept === '') return;
  const listed = accept.split(',').some((part) => {
    const type = (part.split(';', 1)[0] ?? '').trim();
    return type === '*/*' || produced.includes(type);
  });
  if (!listed) throw notAcceptable('406: Not Acceptable');
}

/**
 * How an answer that has no other form than itself is encoded: discovery, reviews, failures. Undefined when the client
 * accepts nothing of what there is: whoever asks for a table alone does not accept the thing itself.
 */
export function encodingFor(accept: string | undefined): Encoding | undefined {
  if (accept === undefined || accept === '' || accept === 'application/json') return 'json';
  return first(accept, (clause, encoding) =>
    conversionOf(clause) === undefined && fits(clause, encoding) ? encoding : undefined,
  );
}

/** The first choice that `pick` takes, over the clauses in the client's order and the media types in ours. */
function first<T>(
  accept: string,
  pick: (clause: AcceptClause, encoding: Encoding) => T | undefined,
): T | undefined {
  for (const clause of parseAccept(accept)) {
    for (const [type, encoding] of MEDIA_TYPES) {
      if (!matches(clause, type)) continue;
      const picked = pick(clause, encoding);
      if (picked !== undefined) return picked;
    }
  }
  return undefined;
}

function matches({ type }: AcceptClause, offered: string): boolean {
  return type === offered || type === '*/*' || type === 'application/*';
}

/** Streams are what a watch sends, which YAML has no form for; versions of whole servers there are none. */
function fits({ parameters }: AcceptClause, encoding: Encoding): boolean {
  const stream = parameters.get('stream') ?? '';
  return (stream === '' || (stream === 'watch' && encoding !== 'yaml')) && !parameters.get('sv');
}

interface Conversion {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
}

function conversionOf({ parameters }: AcceptClause): Conversion | undefined {
  const kind = parameters.get('as');
  const group = parameters.get('g');
  const version = parameters.get('v');
  if (kind === undefined && group === undefined && version === undefined) return undefined;
  return { kind: kind ?? '', group: group ?? '', version: version ?? '' };
}

function choose(accept: string, offer: Offer): Representation {
  if (!offer.custom) requireProducible(accept);
  const chosen = first(accept, (clause, encoding) =>
    fits(clause, encoding) ? formOf(conversionOf(clause), encoding, offer) : undefined,
  );
  if (chosen) return chosen;
  throw notAcceptable(`only the following media types are accepted: ${ALL_TYPES.join(', ')}`);
}

function formOf(
  conversion: Conversion | undefined,
  encoding: Encoding,
  { protobuf }: Offer,
): Representation | undefined {
  if (!conversion) return encoding === 'protobuf' && !protobuf ? undefined : PLAIN_FORMS[encoding];
  const { kind, group, version } = conversion;
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined;
  switch (kind) {
    case 'Table':
      return encoding === 'protobuf' ? undefined : { form: 'table', version, encoding };
    // Metadata has each encoding, whatever its object has.
    case 'PartialObjectMetadata':
      return { form: 'partial', version, list: false, encoding };
    case 'PartialObjectMetadataList':
      return { form: 'partial', version, list: true, encoding };
    default:
      return undefined;
  }
}
