import type { FieldReader } from '../config/field-reader';

/** How to reach one HTTP extender and what to ask it, as in KubeSchedulerConfiguration. */
export interface ExtenderConfig {
  readonly urlPrefix: string;
  readonly filterVerb: string | undefined;
  readonly prioritizeVerb: string | undefined;
  readonly bindVerb: string | undefined;
  readonly preemptVerb: string | undefined;
  readonly weight: number;
  readonly timeoutMs: number;
  /** It knows the nodes itself: names are enough. */
  readonly nodeCacheCapable: boolean;
  /** A failure of the extender fails no pod. */
  readonly ignorable: boolean;
  /** Only pods that ask for one of these concern it; none: all pods. */
  readonly managedResources: readonly { readonly name: string; readonly ignoredByScheduler: boolean }[];
  readonly tls: {
    readonly insecure: boolean;
    readonly caFile: string | undefined;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
    readonly serverName: string | undefined;
  };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

export function readExtender(reader: FieldReader): ExtenderConfig {
  reader.only(
    'urlPrefix',
    'filterVerb',
    'prioritizeVerb',
    'bindVerb',
    'preemptVerb',
    'weight',
    'enableHTTPS',
    'tlsConfig',
    'httpTimeout',
    'nodeCacheCapable',
    'managedResources',
    'ignorable',
  );
  const verb = (name: string) => reader.field(name).textOr(undefined);
  const prioritizeVerb = verb('prioritizeVerb');
  const weight = reader.field('weight');
  if (prioritizeVerb !== undefined && !weight.isSet) weight.fail('is required with prioritizeVerb');
  const https = reader.field('enableHTTPS').booleanOr(false);
  const tls = reader
    .field('tlsConfig')
    .only('insecure', 'serverName', 'certFile', 'keyFile', 'caFile', 'certData', 'keyData', 'caData');
  for (const inline of ['certData', 'keyData', 'caData']) {
    if (tls.field(inline).isSet) tls.field(inline).fail('name a file instead');
  }
  return {
    urlPrefix: readUrl(reader.field('urlPrefix'), https),
    filterVerb: verb('filterVerb'),
    prioritizeVerb,
    bindVerb: verb('bindVerb'),
    preemptVerb: verb('preemptVerb'),
    weight: weight.numberOr(1, { min: 1, max: 1_000_000 }),
    timeoutMs: readDuration(reader.field('httpTimeout'), 5_000),
    nodeCacheCapable: reader.field('nodeCacheCapable').booleanOr(false),
    ignorable: reader.field('ignorable').booleanOr(false),
    managedResources: reader
      .field('managedResources')
      .list()
      .map((one) => ({
        name: one.only('name', 'ignoredByScheduler').field('name').text(),
        ignoredByScheduler: one.field('ignoredByScheduler').booleanOr(false),
      })),
    tls: {
      insecure: tls.field('insecure').booleanOr(false),
      caFile: tls.field('caFile').textOr(undefined),
      certFile: tls.field('certFile').textOr(undefined),
      keyFile: tls.field('keyFile').textOr(undefined),
      serverName: tls.field('serverName').textOr(undefined),
    },
  };
}

function readUrl(reader: FieldReader, https: boolean): string {
  const text = reader.text();
  if (!URL.canParse(text)) return reader.fail('must be a URL');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return reader.fail('must be http or https');
  if (https) url.protocol = 'https:';
  return url.href.replace(/\/+$/, '');
}

function readDuration(reader: FieldReader, fallback: number): number {
  if (!reader.isSet) return fallback;
  const match = /^(\d{1,7})(ms|s|m)$/.exec(reader.text());
  const unit = UNITS[match?.[2] ?? ''];
  if (!match || unit === undefined) return reader.fail('must be a time such as 500ms, 5s or 1m');
  return Number(match[1]) * unit;
}
