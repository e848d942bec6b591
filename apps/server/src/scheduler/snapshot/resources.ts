import { quantityMillis, quantityValue } from '@wheelhouse/shared/meta/quantity';
import type { Container, Pod } from 'kubernetes-types/core/v1';

type ResourceList = Readonly<Record<string, string>> | undefined;

/** An amount of everything that a node can run out of. All figures are whole numbers. */
export interface Resources {
  /** Thousandths of a CPU. */
  milliCpu: number;
  /** Bytes. */
  memory: number;
  /** Bytes. */
  ephemeralStorage: number;
  /** Extended resources and huge pages by name, in their own unit. Undefined when there are none. */
  extended: Map<string, number> | undefined;
}

/** What a container without a request counts as when nodes are compared (not when they are filtered). */
const DEFAULT_MILLI_CPU = 100;
const DEFAULT_MEMORY = 200 * 1024 * 1024;

export function noResources(): Resources {
  return { milliCpu: 0, memory: 0, ephemeralStorage: 0, extended: undefined };
}

/** Reads a `resources.requests` or `status.allocatable` map; `pods` is left to the caller. */
export function parseResources(list: ResourceList): Resources {
  const result = noResources();
  for (const [name, text] of Object.entries(list ?? {})) {
    if (name === 'cpu') result.milliCpu = quantityMillis(text);
    else if (name === 'memory') result.memory = quantityValue(text);
    else if (name === 'ephemeral-storage') result.ephemeralStorage = quantityValue(text);
    else if (name !== 'pods') {
      result.extended ??= new Map();
      result.extended.set(name, quantityValue(text));
    }
  }
  return result;
}

/** How much of one resource, by the name that the API has for it. */
export function amountOf(resources: Resources, name: string): number {
  switch (name) {
    case 'cpu':
      return resources.milliCpu;
    case 'memory':
      return resources.memory;
    case 'ephemeral-storage':
      return resources.ephemeralStorage;
    default:
      return resources.extended?.get(name) ?? 0;
  }
}

export function addInto(target: Resources, other: Resources, sign: 1 | -1 = 1): void {
  target.milliCpu += sign * other.milliCpu;
  target.memory += sign * other.memory;
  target.ephemeralStorage += sign * other.ephemeralStorage;
  if (!other.extended) return;
  target.extended ??= new Map();
  for (const [name, amount] of other.extended) {
    target.extended.set(name, (target.extended.get(name) ?? 0) + sign * amount);
  }
}

export function copyResources(source: Resources): Resources {
  return { ...source, extended: source.extended && new Map(source.extended) };
}

function raiseTo(target: Resources, other: Resources): void {
  target.milliCpu = Math.max(target.milliCpu, other.milliCpu);
  target.memory = Math.max(target.memory, other.memory);
  target.ephemeralStorage = Math.max(target.ephemeralStorage, other.ephemeralStorage);
  if (!other.extended) return;
  target.extended ??= new Map();
  for (const [name, amount] of other.extended) {
    target.extended.set(name, Math.max(target.extended.get(name) ?? 0, amount));
  }
}

/** What a pod needs, once as requested and once with defaults for containers that request nothing. */
export interface PodRequests {
  readonly requests: Resources;
  /** CPU and memory with the defaults; for scoring, so that pods without requests still spread. */
  readonly scored: { readonly milliCpu: number; readonly memory: number };
}

/**
 * The sum over the app containers or the largest moment of initialisation, whichever is more, plus overhead.
 * Init containers that keep running (restartPolicy Always) count in both. Rule of Kubernetes' PodRequests.
 */
export function podRequests(pod: Pod): PodRequests {
  const scored = sumOver(pod, withDefaults);
  return {
    requests: sumOver(pod, (container) => parseResources(container.resources?.requests)),
    scored: { milliCpu: scored.milliCpu, memory: scored.memory },
  };
}

function withDefaults(container: Container): Resources {
  const requests = container.resources?.requests;
  const parsed = parseResources(requests);
  if (requests?.cpu === undefined) parsed.milliCpu = DEFAULT_MILLI_CPU;
  if (requests?.memory === undefined) parsed.memory = DEFAULT_MEMORY;
  return parsed;
}

function sumOver(pod: Pod, needs: (container: Container) => Resources): Resources {
  const total = noResources();
  for (const container of pod.spec?.containers ?? []) addInto(total, needs(container));
  const running = noResources();
  const peak = noResources();
  for (const container of pod.spec?.initContainers ?? []) {
    const needed = needs(container);
    if (container.restartPolicy === 'Always') {
      addInto(total, needed);
      addInto(running, needed);
      raiseTo(peak, running);
    } else {
      addInto(needed, running);
      raiseTo(peak, needed);
    }
  }
  raiseTo(total, peak);
  addInto(total, parseResources(pod.spec?.overhead));
  return total;
}
