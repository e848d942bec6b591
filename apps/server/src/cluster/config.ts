import type { Logger } from 'pino';
import type { StoreSpec } from '../store/open-store';

/** Where audit history lives. */
export type DatabaseSpec =
  | { readonly kind: 'embedded'; readonly directory: string }
  | { readonly kind: 'postgres'; readonly url: string };

export const COMPONENTS = ['api', 'scheduler', 'controllers', 'console'] as const;
export type ComponentName = (typeof COMPONENTS)[number];

/** Address ranges of one cluster; fixed at its first start. */
export interface ClusterRanges {
  /** Pod addresses, cut into one range per node. */
  readonly pods: string;
  readonly services: string;
}

export interface ServerConfig {
  /** Absolute path. */
  readonly dataDir: string;
  readonly components: ReadonlySet<ComponentName>;
  readonly apiHost: string;
  readonly apiPort: number;
  readonly consoleHost: string;
  readonly consolePort: number;
  /** Further host names and addresses for the API's certificate. */
  readonly advertise: readonly string[];
  /** As kube-controller-manager's `--controllers`: `*`, `name`, `-name`. */
  readonly controllers: readonly string[];
  /** Modules with further controllers, absolute paths. */
  readonly controllersFrom: readonly string[];
  readonly store: StoreSpec;
  readonly database: DatabaseSpec;
  /** How the components reach an API that runs elsewhere; unused when `api` is among the components. */
  readonly kubeconfig: string | undefined;
  /** Whether other processes may run controllers and scheduler too, so that one of them has to be elected. */
  readonly electsLeader: boolean;
  /** Seconds without a heartbeat until a node counts as NotReady. */
  readonly nodeMonitorGraceSeconds: number;
  /** How long pods that say nothing about it stay bound to a node that is not ready or unreachable. */
  readonly defaultTolerationSeconds: number;
  /** As kube-apiserver's `--enable-admission-plugins` and `--disable-admission-plugins`. */
  readonly admissionPlugins?: { readonly enabled: readonly string[]; readonly disabled: readonly string[] };
  /** Profiles, plugins and extenders of the scheduler; absolute path. */
  readonly schedulerConfig?: string | undefined;
  readonly log: Logger;
}
