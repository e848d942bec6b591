import { notAcceptable } from '@wheelhouse/shared/errors';
import { PROTOBUF_TYPE } from './protobuf/decode';

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
      readonly encoding: 'json' | 'protobuf';
    };

const JSON_FORM: Representation = { form: 'json' };
const YAML_FORM: Representation = { form: 'yaml' };
const PROTOBUF_FORM: Representation = { form: 'protobuf' };

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
    const json = type === 'application/json' || type === '*/*' || type === 'application/*';
    const yaml = type === 'application/yaml';
    const binary = type === PROTOBUF_TYPE;
    if (!json && !yaml && !binary) continue;
    const as = parameters.get('as');
    if (as === undefined) {
      if (binary && !protobuf) continue;
      return binary ? PROTOBUF_FORM : yaml ? YAML_FORM : JSON_FORM;
    }
    if (yaml || parameters.get('g') !== 'meta.k8s.io') continue;
    const version = parameters.get('v') ?? '';
    if (version !== 'v1' && version !== 'v1beta1') continue;
    // Tables have no protobuf form; metadata has one whatever its object has.
    if (as === 'Table' && !binary) return { form: 'table', version };
    const encoding = binary ? 'protobuf' : 'json';
    if (as === 'PartialObjectMetadata') return { form: 'partial', version, list: false, encoding };
    if (as === 'PartialObjectMetadataList') return { form: 'partial', version, list: true, encoding };
  }
  throw notAcceptable(
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;as=Table;v=v1;g=meta.k8s.io, application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  );
}
