import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { SentBody } from '../admission/admission';
import type { Registry } from '../registry/registry';
import type { AdmitBody, ApiRequest, SubresourceHandler } from './extension';

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
  if (!connects) return;
  await admitSent(registry, request, {
    operation: 'connect',
    kind: { group: '', version: 'v1', kind: connects },
    object: optionsOf(connects, request.url.searchParams),
    oldObject: undefined,
  });
}

/** Asks admission about what a request to a subresource makes; see `AdmitBody`. */
export function bodyAdmission(registry: Registry, request: ApiRequest): AdmitBody {
  return async <T extends KubeObject>(body: T, kind: SentBody['kind']) => {
    let made = body;
    await admitSent(registry, request, {
      operation: 'create',
      kind,
      object: body,
      oldObject: undefined,
      accept(changed) {
        // A patch of a webhook; whoever asked looks at what is in it.
        made = changed as T;
      },
    });
    return made;
  };
}

/** Nothing of it is stored, so to plugins that look at stored objects it is a connection. */
async function admitSent(registry: Registry, request: ApiRequest, sent: SentBody): Promise<void> {
  const { resource: asked, user } = request;
  const resource = asked && registry.find(asked);
  if (!resource) return;
  const { name = '', namespace, subresource } = asked;
  await resource.admit('connect', {
    context: { user, dryRun: false, fieldValidation: 'Ignore', warnings: [] },
    ref: { name, namespace },
    subresource,
    object: undefined,
    oldObject: undefined,
    sent,
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
