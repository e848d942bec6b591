import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, Volume } from 'kubernetes-types/core/v1';
import type { ConfigReference } from '../config-source';
import type { PodFacts } from '../env/field-ref';
import type { PodContext } from '../pods/pod-context';
import { isMadeOfObjects, preparePodVolumes, refreshPodVolumes } from './pod-volumes';
import { TokenKeeper } from './token-keeper';

/** A look at object volumes even if nothing was heard of their objects. */
const REFRESH_MS = 60_000;

/**
 * The volumes of one pod over its life: made before its containers start, kept up to date while they run. Files of
 * changed objects are swapped all at once; what a container mounted by a sub path stays as it was.
 */
export class PodVolumeKeeper {
  readonly #tokens: TokenKeeper;
  #release: (() => void) | undefined;
  #stale = false;
  #refreshedAt = 0;
  #prepared = false;

  constructor(
    private readonly context: PodContext,
    private readonly directory: string,
    private readonly options: { pod(): Stored<Pod>; onStale(): void },
  ) {
    this.#tokens = new TokenKeeper(context.clock, (wish) => context.serviceAccountToken(options.pod(), wish));
  }

  /** Answers where each volume is on the host. Throws MountError with what is in the way. */
  async prepare(address: string): Promise<Map<string, string>> {
    this.#watch();
    this.#stale = false;
    const pod = this.options.pod();
    const paths = await preparePodVolumes(this.directory, {
      ...this.#input(address),
      locate: (volume) => this.context.persistentVolumes.locate(pod, volume),
    });
    this.#refreshedAt = this.context.clock.monotonic();
    this.#prepared = true;
    return paths;
  }

  /** Brings the files of a running pod up to date if that is due; answers after how long to look again. */
  async refresh(address: string): Promise<number> {
    const { volumes = [] } = this.options.pod().spec ?? {};
    if (!volumes.some(isMadeOfObjects)) return Number.POSITIVE_INFINITY;
    this.#watch();
    const { clock } = this.context;
    const age = clock.monotonic() - this.#refreshedAt;
    // After a restart of the agent nothing is known of what the files say.
    const due = !this.#prepared || this.#stale || age >= REFRESH_MS || this.#tokens.untilRenewal() === 0;
    if (due) {
      this.#stale = false;
      await refreshPodVolumes(this.directory, this.#input(address));
      this.#refreshedAt = clock.monotonic();
      this.#prepared = true;
    }
    return Math.min(REFRESH_MS, this.#tokens.untilRenewal());
  }

  /** The pod itself changed: its labels and annotations may stand in files. */
  podChanged(next: Stored<Pod>, previous: Stored<Pod>): void {
    const of = ({ metadata }: Stored<Pod>) => JSON.stringify([metadata.labels, metadata.annotations]);
    if (of(next) !== of(previous)) this.#stale = true;
  }

  close(): void {
    this.#release?.();
    this.#release = undefined;
  }

  #input(address: string) {
    const { context } = this;
    const facts: PodFacts = { podIp: address, hostIp: context.hostIp, allocatable: context.allocatable };
    return {
      pod: this.options.pod(),
      facts,
      config: context.config,
      serviceAccountToken: (wish: { audience: string | undefined; expirationSeconds: number }) =>
        this.#tokens.token(wish),
    };
  }

  #watch(): void {
    if (this.#release) return;
    const pod = this.options.pod();
    const references = (pod.spec?.volumes ?? []).flatMap((volume) =>
      referencesOf(volume, pod.metadata.namespace ?? ''),
    );
    this.#release = this.context.config.watch(references, () => {
      this.#stale = true;
      this.options.onStale();
    });
  }
}

function referencesOf(volume: Volume, namespace: string): ConfigReference[] {
  const references: ConfigReference[] = [];
  const add = (kind: ConfigReference['kind'], name: string | undefined) => {
    if (name) references.push({ kind, namespace, name });
  };
  add('configMap', volume.configMap?.name);
  add('secret', volume.secret?.secretName);
  for (const source of volume.projected?.sources ?? []) {
    add('configMap', source.configMap?.name);
    add('secret', source.secret?.name);
  }
  return references;
}
