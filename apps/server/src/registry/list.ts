import { posix } from 'node:path';
import {
  ApiError,
  apiError,
  badRequest,
  expired,
  invalid,
  serviceUnavailable,
} from '@wheelhouse/shared/errors';
import type { FieldError } from '@wheelhouse/shared/meta/field-error';
import { isObject } from '@wheelhouse/shared/meta/json';
import { CompactedError, FutureRevisionError, type RangeResult } from '../store/store';
import type { Entry } from './entry';
import { type Selection, selects } from './selection';
import { tooLarge } from './store-feed';
import type { StoredResource } from './stored-resource';

export interface ListRequest {
  readonly selection: Selection;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: string | undefined;
}

export interface ListPage {
  readonly entries: readonly Entry[];
  /** The revision at which the whole list was true; all pages of one list share it. */
  readonly revision: number;
  readonly continue: string | undefined;
  /** Known where no selector asks for a look inside. */
  readonly remaining: number | undefined;
}

/**
 * Lists as Kubernetes words it: without a revision the answer is consistent, with `0` it is whatever the cache has
 * (and `limit` is ignored), with another it is at least as new, or `Exact`ly that. Pages come from one revision.
 */
export async function listObjects(resource: StoredResource, request: ListRequest): Promise<ListPage> {
  const page = await findPage(resource, request);
  const pending = resource.prepared(page.entries);
  if (pending) await pending;
  return page;
}

async function findPage(resource: StoredResource, request: ListRequest): Promise<ListPage> {
  const { feed } = resource.services;
  const exact = checkRevisionMatch(request);
  const limit = request.limit && request.limit > 0 ? request.limit : undefined;
  if (request.continue) {
    const { resourceVersion } = request;
    if (resourceVersion && resourceVersion !== '0') {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    const token = decodeContinue(request.continue);
    if (token.revision === LATEST) {
      await feed.fresh();
      return fromCache(resource, request.selection, resource.prefix + token.after, limit);
    }
    return listAt(resource, request.selection, token.revision, token.after, limit);
  }
  const { resourceVersion } = request;
  if (!resourceVersion) {
    await feed.fresh();
    return fromCache(resource, request.selection, undefined, limit);
  }
  const revision = parseRevision(resourceVersion);
  if (revision === 0) return fromCache(resource, request.selection, undefined, undefined);
  if (exact || (limit !== undefined && !request.resourceVersionMatch)) {
    return listAt(resource, request.selection, revision, undefined, limit);
  }
  await feed.reached(revision);
  return fromCache(resource, request.selection, undefined, limit);
}

/** True for `Exact`. Everything that is wrong is told at once. */
function checkRevisionMatch({
  resourceVersion,
  resourceVersionMatch: match,
  ...request
}: ListRequest): boolean {
  if (match === undefined || match === '') return false;
  const forbidden: string[] = [];
  if (!resourceVersion)
    forbidden.push('resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (request.continue) forbidden.push('resourceVersionMatch is forbidden when continue is provided');
  if (match === 'Exact' && resourceVersion === '0')
    forbidden.push('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  const errors: FieldError[] = forbidden.map((message) => ({
    reason: 'FieldValueForbidden',
    field: 'resourceVersionMatch',
    message: `Forbidden: ${message}`,
  }));
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    errors.push({
      reason: 'FieldValueNotSupported',
      field: 'resourceVersionMatch',
      message: `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan"`,
    });
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions', name: '' }, errors);
  return match === 'Exact';
}

/** Throws BadRequest for what is no revision. */
export function parseRevision(text: string): number {
  if (isRevision(text)) return Number(text);
  const problem = /^\d+$/.test(text) ? 'value out of range' : 'invalid syntax';
  const quoted = JSON.stringify(text);
  throw badRequest(
    `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: ${problem}`,
  );
}

/** An unsigned number of 64 bits in decimal. */
export function isRevision(text: string): boolean {
  if (!/^\d+$/.test(text)) return false;
  const digits = text.replace(/^0+/, '');
  // Long ones are not worth the conversion, which takes its time.
  return digits.length <= 20 && BigInt(digits) < 2n ** 64n;
}

/** Brings into the resource's form what the selection looks into. */
async function prepareCandidates(
  resource: StoredResource,
  selection: Selection,
  after: string | undefined,
): Promise<void> {
  if (selection.readsFields) await resource.prepared(candidates(resource, selection, after));
}

async function fromCache(
  resource: StoredResource,
  selection: Selection,
  after: string | undefined,
  limit: number | undefined,
): Promise<ListPage> {
  await prepareCandidates(resource, selection, after);
  const { revision } = resource.services.feed;
  return page(resource, candidates(resource, selection, after), selection, revision, limit);
}

/** The entries of the namespaces in question, in key order. */
function* candidates(
  resource: StoredResource,
  selection: Selection,
  after: string | undefined,
): Generator<Entry> {
  const { index } = resource.cache;
  const { namespace, name } = selection;
  if (name !== undefined && (namespace !== undefined || !resource.kind.namespaced)) {
    const entry = index.get(
      resource.key({ namespace: resource.kind.namespaced ? namespace : undefined, name }),
    );
    if (entry && (after === undefined || entry.key > after)) yield entry;
    return;
  }
  const entries = namespace === undefined ? index.all() : index.inNamespace(namespace);
  for (const entry of entries) if (after === undefined || entry.key > after) yield entry;
}

function page(
  resource: StoredResource,
  entries: Iterable<Entry>,
  selection: Selection,
  revision: number,
  limit: number | undefined,
): ListPage {
  const found: Entry[] = [];
  let more = 0;
  for (const entry of entries) {
    const isFull = limit !== undefined && found.length === limit;
    // Whether what follows is selected shows on the next page, which may be empty: as with Kubernetes.
    if (isFull && selection.matches !== undefined) {
      more++;
      break;
    }
    if (!selects(selection, entry)) continue;
    if (isFull) more++;
    else found.push(entry);
  }
  const last = found.at(-1);
  return {
    entries: found,
    revision,
    continue: more > 0 && last ? encodeContinue(revision, last.key.slice(resource.prefix.length)) : undefined,
    remaining: more > 0 && selection.matches === undefined ? more : undefined,
  };
}

const RANGE_PAGE = 500;

/** A list as of an older revision: out of the cache while nothing has changed since, otherwise from the store. */
async function listAt(
  resource: StoredResource,
  selection: Selection,
  revision: number,
  after: string | undefined,
  limit: number | undefined,
): Promise<ListPage> {
  const { feed, store } = resource.services;
  await feed.reached(revision);
  const start = after === undefined ? undefined : resource.prefix + after;
  await prepareCandidates(resource, selection, start);
  if (resource.cache.lastChange <= revision) {
    return page(resource, candidates(resource, selection, start), selection, revision, limit);
  }
  const prefix =
    selection.namespace === undefined ? resource.prefix : `${resource.prefix}${selection.namespace}/`;
  const found: Entry[] = [];
  let position = start;
  for (;;) {
    let range: RangeResult;
    try {
      range = await store.range({
        prefix,
        revision,
        limit: Math.max(RANGE_PAGE, (limit ?? 0) + 1),
        ...(position === undefined ? {} : { after: position }),
      });
    } catch (error) {
      throw historyError(error, after);
    }
    const entries = range.entries.flatMap((stored) => feed.decode(resource.cache, stored) ?? []);
    if (selection.readsFields) await resource.prepared(entries);
    for (const entry of entries) {
      // Once a page is full, that there is more counts, whatever it is.
      const isFull = limit !== undefined && found.length >= limit;
      if (isFull || selects(selection, entry)) found.push(entry);
    }
    position = range.entries.at(-1)?.key;
    const enough = limit !== undefined && found.length > limit;
    if (!enough && range.more && position !== undefined) continue;
    const answer = page(resource, found, selection, revision, limit);
    const beyond = range.count - range.entries.length;
    return answer.remaining === undefined ? answer : { ...answer, remaining: answer.remaining + beyond };
  }
}

/** In a token: from that place on, but of what there is now. */
const LATEST = -1;

/** `after`: where the page was to begin, if it was not the first. */
function historyError(error: unknown, after: string | undefined): Error {
  if (error instanceof CompactedError && after !== undefined) {
    const { status } = expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    );
    return new ApiError({ ...status, metadata: { continue: encodeContinue(LATEST, after) } });
  }
  if (error instanceof CompactedError) {
    return expired(
      'The provided continue parameter or resource version is too old to display a consistent list result. Start a new list without it.',
    );
  }
  if (error instanceof FutureRevisionError) return tooLarge(error.revision, error.current);
  return serviceUnavailable(error instanceof Error ? error.message : 'the store cannot be reached');
}

const CONTINUE_VERSION = 'meta.k8s.io/v1';

function encodeContinue(revision: number, after: string): string {
  return Buffer.from(JSON.stringify({ v: CONTINUE_VERSION, rv: revision, start: after })).toString(
    'base64url',
  );
}

function decodeContinue(token: string): { revision: number; after: string } {
  let value: unknown;
  const bytes = Buffer.from(token, 'base64url');
  // Node passes over what is no base64.
  if (bytes.toString('base64url') !== token) throw badContinue('it was not issued by this server');
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw badContinue('it was not issued by this server');
  }
  if (!isObject(value)) throw badContinue('it was not issued by this server');
  const { v, rv, start } = value;
  if (v !== CONTINUE_VERSION)
    throw badContinue(`server does not recognize this encoded version ${JSON.stringify(v)}`);
  if (!Number.isSafeInteger(rv) || rv === 0)
    throw badContinue(`incorrect encoded start resourceVersion (version ${CONTINUE_VERSION})`);
  if (typeof start !== 'string' || start === '')
    throw badContinue(`encoded start key empty (version ${CONTINUE_VERSION})`);
  const path = start.startsWith('/') ? start : `/${start}`;
  if (start.length >= 1024 || posix.normalize(path) !== path)
    throw badContinue('it was not issued by this server');
  return { revision: Number(rv), after: start };
}

const badContinue = (why: string) => apiError('BadRequest', `continue key is not valid: ${why}`);
