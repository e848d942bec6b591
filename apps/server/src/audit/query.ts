import { badRequest } from '@wheelhouse/shared/errors';
import type { Prisma } from './generated/client';

export interface EntryQuery {
  readonly where: Prisma.AuditEntryWhereInput;
  readonly limit: number;
}

const DEFAULT_LIMIT = 100;
const LARGEST_LIMIT = 500;
const LONGEST_VALUE = 400;
const VERBS = ['create', 'update', 'patch', 'delete', 'deletecollection', 'bind', 'evict'];
/** Parameters that clients send to every list, which have no meaning here. */
const IGNORED = ['timeout', 'timeoutSeconds', 'pretty', 'resourceVersion', 'resourceVersionMatch'];
const FILTERS = [
  'resource',
  'group',
  'namespace',
  'name',
  'uid',
  'user',
  'verb',
  'since',
  'until',
  'people',
] as const;
const KNOWN = [...FILTERS, 'limit', 'continue'];

/** Reads the query of a list of entries. Throws 400 with what to do instead. */
export function parseQuery(parameters: URLSearchParams): EntryQuery {
  for (const name of parameters.keys()) {
    if (IGNORED.includes(name) || KNOWN.includes(name)) continue;
    throw badRequest(`unknown parameter "${name}"; entries can be filtered by ${FILTERS.join(', ')}`);
  }
  const text = (name: string): string | undefined => {
    const value = parameters.get(name);
    if (value === null) return undefined;
    if (value.length > LONGEST_VALUE) throw badRequest(`${name} is longer than ${LONGEST_VALUE} characters`);
    return value;
  };
  const resource = text('resource');
  const group = text('group');
  const verb = text('verb');
  if (verb !== undefined && !VERBS.includes(verb)) {
    throw badRequest(`verb must be one of ${VERBS.join(', ')}, not "${verb}"`);
  }
  const people = text('people');
  if (people !== undefined && people !== 'true' && people !== 'false') {
    throw badRequest(
      `people must be true (leave out what the cluster's own parts did) or false, not "${people}"`,
    );
  }
  const since = time(text('since'), 'since');
  const until = time(text('until'), 'until');
  const before = parameters.has('continue') ? parseContinue(text('continue') ?? '') : undefined;
  const filter = <K extends string>(key: K, value: string | undefined) =>
    value === undefined || value === '' ? {} : { [key]: value };
  return {
    limit: parseLimit(text('limit')),
    where: {
      ...filter('resource', resource),
      // The core group's name is empty, so an empty value means something here.
      ...(group === undefined ? {} : { apiGroup: group === 'core' ? '' : group }),
      ...filter('namespace', text('namespace')),
      ...filter('name', text('name')),
      ...filter('uid', text('uid')),
      ...filter('userName', text('user')),
      ...filter('verb', verb),
      ...(people === 'true' ? { NOT: { userName: { startsWith: 'system:' } } } : {}),
      ...(since || until
        ? { time: { ...(since ? { gte: since } : {}), ...(until ? { lte: until } : {}) } }
        : {}),
      ...(before === undefined ? {} : { sequence: { lt: before } }),
    },
  };
}

function parseLimit(text: string | undefined): number {
  if (text === undefined || text === '' || text === '0') return DEFAULT_LIMIT;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1) {
    throw badRequest(`limit must be a whole number from 1 to ${LARGEST_LIMIT}, not "${text}"`);
  }
  return Math.min(limit, LARGEST_LIMIT);
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** RFC 3339, or an age such as `15m`. */
function time(text: string | undefined, name: string): Date | undefined {
  if (text === undefined || text === '') return undefined;
  const age = /^(\d{1,9})([smhd])$/.exec(text);
  if (age) return new Date(Date.now() - Number(age[1]) * (UNITS[age[2] ?? ''] ?? 0));
  const date = new Date(text);
  const year = date.getUTCFullYear();
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && year >= 1970 && year <= 9999) return date;
  throw badRequest(
    `${name} must be a time such as 2026-01-31T12:00:00Z or an age such as 15m, not "${text}"`,
  );
}

export function continueToken(sequence: bigint): string {
  return Buffer.from(`s${sequence}`).toString('base64url');
}

function parseContinue(token: string): bigint {
  const match = /^s(\d{1,18})$/.exec(Buffer.from(token, 'base64url').toString('latin1'));
  if (!match?.[1]) throw badRequest('continue must be the metadata.continue of the page before');
  return BigInt(match[1]);
}
