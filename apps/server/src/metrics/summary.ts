import type { ContainerSample } from './usage-store';

/** More than this of one node is no summary. */
const MOST_CONTAINERS = 20_000;

/** The samples in a kubelet's summary. What lacks a figure is left out; throws TypeError for what is no summary. */
export function samplesOf(summary: unknown, now: number): ContainerSample[] {
  const pods = list(record(summary).pods);
  const samples: ContainerSample[] = [];
  for (const pod of pods) {
    const { podRef, containers } = record(pod);
    const { namespace, name, uid } = record(podRef);
    if (typeof namespace !== 'string' || typeof name !== 'string' || typeof uid !== 'string') continue;
    for (const container of list(containers)) {
      if (samples.length >= MOST_CONTAINERS) throw new TypeError('the summary names too many containers');
      const sample = record(container);
      const cpu = record(sample.cpu);
      const cpuNanoseconds = amount(cpu.usageCoreNanoSeconds);
      const memoryBytes = amount(record(sample.memory).workingSetBytes);
      if (typeof sample.name !== 'string' || cpuNanoseconds === undefined || memoryBytes === undefined)
        continue;
      const time = typeof cpu.time === 'string' ? Date.parse(cpu.time) : Number.NaN;
      samples.push({
        namespace,
        pod: name,
        podUid: uid,
        container: sample.name,
        time: Number.isNaN(time) ? now : time,
        cpuNanoseconds,
        memoryBytes,
      });
    }
  }
  return samples;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new TypeError('this is no stats summary');
  // An object, as just seen; its members are checked one by one.
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new TypeError('this is no stats summary');
  return value;
}

function amount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
