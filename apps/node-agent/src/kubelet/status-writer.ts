import { isDeepStrictEqual } from 'node:util';
import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { isNotFound } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, PodStatus } from 'kubernetes-types/core/v1';
import type { Logger } from 'pino';

const RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;

interface Entry {
  readonly pod: Stored<Pod>;
  wanted: PodStatus;
  /** What the server has, as far as is known: what it last took, or what somebody else made of it since. */
  written: PodStatus;
  /** Revision of `written`. */
  revision: number;
  writing: Promise<void> | undefined;
}

/**
 * Keeps the statuses of pods in the API what they should be: written only when changed, one write per pod at a
 * time, the latest wanted status wins, tried again until the server takes it or the pod is gone.
 */
export class StatusWriter {
  readonly #entries = new Map<string, Entry>();
  #stopped = false;

  constructor(
    private readonly client: Client,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** The status as wanted now; what is asked of the pod later should start from here. */
  get(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.wanted;
  }

  /** `pod` is the newest copy from the API: a status that somebody else changed there is put right again. */
  set(pod: Stored<Pod>, status: PodStatus): void {
    const uid = pod.metadata.uid;
    const entry = this.#entries.get(uid) ?? {
      pod,
      wanted: status,
      written: pod.status ?? {},
      revision: Number(pod.metadata.resourceVersion),
      writing: undefined,
    };
    this.#entries.set(uid, entry);
    entry.wanted = status;
    if (Number(pod.metadata.resourceVersion) > entry.revision) {
      entry.revision = Number(pod.metadata.resourceVersion);
      entry.written = pod.status ?? {};
    }
    entry.writing ??= this.#write(entry).finally(() => {
      entry.writing = undefined;
    });
  }

  /** Resolves once the pod's status is written or will never be. */
  async flush(uid: string): Promise<void> {
    await this.#entries.get(uid)?.writing;
  }

  forget(uid: string): void {
    this.#entries.delete(uid);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #write(entry: Entry): Promise<void> {
    for (let failures = 0; !this.#stopped; ) {
      const status = entry.wanted;
      if (isDeepStrictEqual(status, entry.written)) return;
      const { name, namespace, uid } = entry.pod.metadata;
      try {
        const taken = await this.client.patch(
          podKind,
          { namespace, name },
          { type: 'strategic', body: statusPatch(uid, status, entry.written) },
          { subresource: 'status' },
        );
        entry.written = status;
        entry.revision = Number(taken.metadata.resourceVersion);
        failures = 0;
      } catch (error) {
        if (isNotFound(error) || this.#entries.get(uid) !== entry) return;
        failures += 1;
        this.log.debug({ err: error, pod: `${namespace}/${name}` }, 'pod status not written; trying again');
        const delay = Math.min(RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS);
        await new Promise<void>((resolve) => this.clock.after(delay, resolve));
      }
    }
  }
}

/**
 * Pure: the strategic merge patch from what was written to what is wanted. Conditions merge by type, so those of
 * others stay; the uid makes the server refuse it when another pod has the name by now.
 */
export function statusPatch(uid: string, wanted: PodStatus, written: PodStatus): object {
  const cleared = Object.fromEntries(
    (['reason', 'message', 'podIP', 'podIPs'] as const)
      .filter((field) => written[field] !== undefined && wanted[field] === undefined)
      .map((field) => [field, null]),
  );
  const { conditions = [], podIPs, ...rest } = wanted;
  const replaceIps = written.podIPs?.length && !isDeepStrictEqual(podIPs, written.podIPs);
  return {
    metadata: { uid },
    status: {
      ...rest,
      ...cleared,
      conditions: conditions.map((condition) => {
        const before = written.conditions?.find(({ type }) => type === condition.type);
        return {
          ...condition,
          ...(before?.reason && !condition.reason ? { reason: null } : {}),
          ...(before?.message && !condition.message ? { message: null } : {}),
        };
      }),
      ...(podIPs ? { podIPs: replaceIps ? [{ $patch: 'replace' }, ...podIPs] : podIPs } : {}),
    },
  };
}
