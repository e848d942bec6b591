import { badRequest, invalid } from '@wheelhouse/shared/errors';
import type { FieldError } from '@wheelhouse/shared/meta/field-error';
import type { Pod } from 'kubernetes-types/core/v1';

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

/** What a client may ask of `pods/log`; unset parameters are left out. */
export interface PodLogOptions {
  readonly container?: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly sinceSeconds?: number;
  /** RFC 3339, as sent. */
  readonly sinceTime?: string;
  readonly tailLines?: number;
  readonly limitBytes?: number;
}

/** Reads the query of a log request. Throws BadRequest for what is no number or time, Invalid for what is out of range. */
export function parsePodLogOptions(podName: string, query: URLSearchParams): PodLogOptions {
  const container = query.get('container');
  const sinceSeconds = integer(query, 'sinceSeconds');
  const tailLines = integer(query, 'tailLines');
  const limitBytes = integer(query, 'limitBytes');
  const sinceTime = query.get('sinceTime');
  if (sinceTime && Number.isNaN(Date.parse(sinceTime)))
    throw badRequest(`sinceTime: ${JSON.stringify(sinceTime.slice(0, 64))} is not a time in RFC 3339 form`);
  const errors: FieldError[] = [];
  const atLeast = (field: string, value: number | undefined, least: 0 | 1) => {
    if (value === undefined || value >= least) return;
    const rule = least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0';
    errors.push({ reason: 'FieldValueInvalid', field, message: `Invalid value: ${value}: ${rule}` });
  };
  atLeast('tailLines', tailLines, 0);
  atLeast('limitBytes', limitBytes, 1);
  atLeast('sinceSeconds', sinceSeconds, 1);
  if (sinceSeconds !== undefined && sinceTime)
    errors.push({
      reason: 'FieldValueForbidden',
      field: '[]',
      message: 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    });
  if (errors.length) throw invalid({ kind: 'PodLogOptions', name: podName }, errors);
  return {
    ...(container ? { container } : {}),
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
    ...(sinceSeconds !== undefined ? { sinceSeconds } : {}),
    ...(sinceTime ? { sinceTime } : {}),
    ...(tailLines !== undefined ? { tailLines } : {}),
    ...(limitBytes !== undefined ? { limitBytes } : {}),
  };
}

/**
 * The container that a request for logs, exec or attach means: the one it names, else the only one, else the pod's
 * default by annotation. Throws BadRequest, listing the choices, as Kubernetes does.
 */
export function chooseContainer(pod: Pod, wanted: string | undefined): string {
  const { spec, metadata } = pod;
  const name = metadata?.name ?? '';
  const containers = (spec?.containers ?? []).map((container) => container.name);
  const init = (spec?.initContainers ?? []).map((container) => container.name);
  const ephemeral = (spec?.ephemeralContainers ?? []).map((container) => container.name);
  const known = [...containers, ...init, ...ephemeral];
  if (wanted !== undefined) {
    if (known.includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  const [only, second] = containers;
  if (only !== undefined && second === undefined && !init.length) return only;
  const annotated = metadata?.annotations?.[DEFAULT_CONTAINER];
  if (annotated !== undefined && known.includes(annotated)) return annotated;
  if (only !== undefined && second === undefined) return only;
  const initChoices = init.length ? ` or one of the init containers: [${init.join(' ')}]` : '';
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]${initChoices}`,
  );
}

/** The kubelet's path for these options. */
export function containerLogPath(
  pod: { readonly namespace: string; readonly name: string; readonly container: string },
  options: PodLogOptions,
): string {
  const query = new URLSearchParams();
  for (const name of ['follow', 'previous', 'timestamps'] as const)
    if (options[name]) query.set(name, 'true');
  for (const name of ['sinceSeconds', 'sinceTime', 'tailLines', 'limitBytes'] as const) {
    const value = options[name];
    if (value !== undefined) query.set(name, String(value));
  }
  const path = ['containerLogs', pod.namespace, pod.name, pod.container].map(encodeURIComponent).join('/');
  const text = query.toString();
  return text ? `/${path}?${text}` : `/${path}`;
}

/** Present counts as true, as Kubernetes reads it, unless it says `false` or `0`. */
function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!/^[-+]?\d+$/.test(text) || !Number.isSafeInteger(value))
    throw badRequest(`${name}: ${JSON.stringify(text.slice(0, 64))} is not a whole number`);
  return value;
}
