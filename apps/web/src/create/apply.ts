import { badRequest, isNotFound } from '@wheelhouse/shared/errors';
import { parseAllDocuments } from 'yaml';
import { callApi } from '../api/call-api';
import { record } from '../history/entry';
import { type Problem, problemsOf } from './problems';

export interface Applied {
  readonly document: number;
  readonly what: string;
  readonly outcome: 'made' | 'changed' | 'unchanged';
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface Application {
  readonly applied: readonly Applied[];
  readonly problems: readonly Problem[];
}

/**
 * Makes what is not there and replaces what is, document by document, in their order. It stops at the first
 * refusal: what follows may rest on it. Text that is no YAML changes nothing at all.
 */
export async function applyYaml(text: string, defaultNamespace: string): Promise<Application> {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents))
    return { applied: [], problems: [{ line: undefined, text: 'There is nothing to apply.' }] };
  const broken = documents.flatMap((document) => document.errors);
  if (broken.length > 0) {
    return {
      applied: [],
      problems: broken.map((error) => ({
        line: error.linePos?.[0].line,
        text: error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '',
      })),
    };
  }
  const applied: Applied[] = [];
  for (const [index, document] of documents.entries()) {
    const object: unknown = document.toJS();
    if (object === null || object === undefined) continue;
    try {
      applied.push(await applyObject(record(object), index, defaultNamespace));
    } catch (error) {
      return { applied, problems: problemsOf(error, text, index) };
    }
  }
  return { applied, problems: [] };
}

async function applyObject(
  object: Record<string, unknown>,
  document: number,
  defaultNamespace: string,
): Promise<Applied> {
  const { apiVersion, kind } = object;
  const metadata = record(object.metadata);
  const { name } = metadata;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    throw badRequest('Every document needs apiVersion and kind.');
  }
  if (typeof name !== 'string') throw badRequest(`This ${kind} has no metadata.name.`);
  const { plural, namespaced } = await discover(apiVersion, kind);
  const namespace = namespaced ? String(metadata.namespace ?? defaultNamespace) : undefined;
  const body = { ...object, metadata: namespace ? { ...metadata, namespace } : metadata };
  const collection = `${rootOf(apiVersion)}${namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''}/${plural}`;
  const about = { document, what: `${kind} ${name}`, resource: plural, namespace, name };
  const current = await readCurrent(`${collection}/${encodeURIComponent(name)}`);
  if (!current) {
    await callApi(collection, { method: 'POST', body });
    return { ...about, outcome: 'made' };
  }
  const answer = await callApi(`${collection}/${encodeURIComponent(name)}`, {
    method: 'PUT',
    body: withAssigned(body, current),
  });
  const same = record(record(answer).metadata).resourceVersion === record(current.metadata).resourceVersion;
  return { ...about, outcome: same ? 'unchanged' : 'changed' };
}

async function readCurrent(path: string): Promise<Record<string, unknown> | undefined> {
  try {
    return record(await callApi(path));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** What the cluster gave a service on its own stays its own: a text that does not name it does not mean to change it. */
function withAssigned(
  body: Record<string, unknown>,
  current: Record<string, unknown>,
): Record<string, unknown> {
  const metadata = { ...record(body.metadata), resourceVersion: record(current.metadata).resourceVersion };
  if (body.kind !== 'Service') return { ...body, metadata };
  const { clusterIP, clusterIPs } = record(current.spec);
  return { ...body, metadata, spec: { clusterIP, clusterIPs, ...record(body.spec) } };
}

const rootOf = (apiVersion: string) =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

async function discover(apiVersion: string, kind: string): Promise<{ plural: string; namespaced: boolean }> {
  const list = record(
    await callApi(rootOf(apiVersion)).catch((error: unknown) => {
      if (isNotFound(error)) throw badRequest(`This cluster has no ${apiVersion}.`);
      throw error;
    }),
  );
  const resources = Array.isArray(list.resources) ? list.resources.map(record) : [];
  const found = resources.find((each) => each.kind === kind && !String(each.name).includes('/'));
  if (!found) throw badRequest(`This cluster knows no ${kind} in ${apiVersion}.`);
  return { plural: String(found.name), namespaced: found.namespaced === true };
}
