import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { Registry } from '../registry/registry';
import type { ApiRequest, SubresourceHandler } from './extension';

/** Options that are one word or many, and those that are switches; the rest are texts. */
const LISTS = new Set(['command']);
const NUMBERS = new Set(['ports']);
const SWITCHES = new Set(['stdin', 'stdout', 'stderr', 'tty']);
const TEXTS = new Set(['container', 'path']);

/** Asks admission whether a connection to a subresource may be made. Throws its refusal. */
export async function admitConnection(
  registry: Registry,
  handler: SubresourceHandler,
  request: ApiRequest,
): Promise<void> {
  const { connects } = handler;
  const { resource: asked, user, url } = request;
  const resource = connects && asked && registry.find(asked);
  if (!connects || !asked || !resource) return;
  const { name = '', namespace, subresource } = asked;
  await resource.admit('connect', {
    context: { user, dryRun: false, fieldValidation: 'Ignore', warnings: [] },
    ref: { name, namespace },
    subresource,
    object: undefined,
    oldObject: undefined,
    sent: {
      operation: 'connect',
      kind: { group: '', version: 'v1', kind: connects },
      object: optionsOf(connects, url.searchParams),
      oldObject: undefined,
    },
  });
}

function optionsOf(kind: string, query: URLSearchParams): KubeObject {
  const options: Record<string, unknown> = {};
  for (const key of new Set(query.keys())) {
    const values = query.getAll(key);
    const [first = ''] = values;
    if (LISTS.has(key)) options[key] = values;
    else if (NUMBERS.has(key)) options[key] = values.flatMap((value) => value.split(',')).map(Number);
    else if (SWITCHES.has(key)) options[key] = first === 'true' || first === '1';
    else if (TEXTS.has(key)) options[key] = first;
  }
  return { kind, apiVersion: 'v1', ...options };
}
