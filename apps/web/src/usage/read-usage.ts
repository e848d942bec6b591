import { quantityMillis, quantityValue, tryParseQuantity } from '@wheelhouse/shared/meta/quantity';
import { record } from '../history/entry';

/** Thousandths of a CPU, and bytes. */
export interface Amounts {
  readonly cpu: number;
  readonly memory: number;
}

/** A NodeMetricsList; whoever serves it may be another program, so nothing is taken for granted. */
export function nodeUsages(list: unknown): ReadonlyMap<string, Amounts> {
  const usages = new Map<string, Amounts>();
  const { items } = record(list);
  for (const item of Array.isArray(items) ? items : []) {
    const { metadata, usage } = record(item);
    const { name } = record(metadata);
    const amounts = amountsOf(usage);
    if (typeof name === 'string' && amounts) usages.set(name, amounts);
  }
  return usages;
}

/** The sum over a PodMetrics' containers. */
export function podUsage(metrics: unknown): Amounts | undefined {
  const { containers } = record(metrics);
  if (!Array.isArray(containers) || containers.length === 0) return undefined;
  let cpu = 0;
  let memory = 0;
  for (const container of containers) {
    const amounts = amountsOf(record(container).usage);
    cpu += amounts?.cpu ?? 0;
    memory += amounts?.memory ?? 0;
  }
  return { cpu, memory };
}

function amountsOf(usage: unknown): Amounts | undefined {
  const { cpu, memory } = record(usage);
  if (typeof cpu !== 'string' || typeof memory !== 'string') return undefined;
  if (!tryParseQuantity(cpu) || !tryParseQuantity(memory)) return undefined;
  return { cpu: quantityMillis(cpu), memory: quantityValue(memory) };
}
