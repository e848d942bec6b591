import type { Client } from '@wheelhouse/shared/client/client';
import type { EventRecorder } from '@wheelhouse/shared/client/event-recorder';
import type { Informer } from '@wheelhouse/shared/client/informer';
import type { WorkQueue } from '@wheelhouse/shared/client/workqueue';
import type { Clock } from '@wheelhouse/shared/clock';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, ObjectKey } from '@wheelhouse/shared/meta/object';
import type { Logger } from '../../component';
import type { EvictionRates } from '../nodelifecycle/zones';
import type { ObjectCache } from './object-cache';

/**
 * A controller keeps one kind of thing true. Built-in ones stand in a folder each; one from outside is a module
 * that exports such an object (see README.md of this folder).
 */
export interface ControllerDefinition {
  /** Lower case, as in `--controllers '*,-name'`. */
  readonly name: string;
  /** False: only runs when named. Default true. */
  readonly onByDefault?: boolean;
  /**
   * Called once per start, before anything has been read: subscribes to informers and says how keys are reconciled.
   * Informers asked for here are synced before the first `reconcile`.
   */
  setup(context: ControllerContext): Reconciler | readonly Reconciler[];
}

export interface ControllerContext {
  /** Writes through it are seen by `cache` at once, even while the watch lags. */
  readonly client: Client;
  readonly log: Logger;
  readonly clock: Clock;
  readonly settings: ControllerSettings;
  /** The one informer of a kind in this process. Its indexes: see indexes.ts. */
  informer<T extends KubeObject>(type: ResourceType<T>): Informer<T>;
  /** The same copy, with this process's own writes on top: what `reconcile` should decide on. */
  cache<T extends KubeObject>(type: ResourceType<T>): ObjectCache<T>;
  /** Ends the watch of a kind that is no longer served. */
  forget(type: ResourceType): void;
  queue(): WorkQueue;
  /** `component` is what events show as their source, e.g. `replicaset-controller`. */
  recorder(component: string): EventRecorder;
}

/** Reads the world again for one key and acts on it; never trusts an event. One worker at a time has a key. */
export interface Reconciler {
  readonly name: string;
  readonly queue: WorkQueue;
  /** Default 4. */
  readonly workers?: number;
  /**
   * Resolves when the key is in order (or asks to be called again later); throws to be called again with back-off,
   * a {@link TerminalError} when trying again is useless until something changes.
   */
  reconcile(key: ObjectKey): Promise<Outcome>;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a reconcile that has nothing to ask for returns nothing
export type Outcome = void | { readonly requeueAfterMs: number };

export class TerminalError extends Error {
  override name = 'TerminalError';
}

export interface ControllerSettings {
  /** Range that nodes' pod ranges are cut out of, e.g. `10.244.0.0/16`; without it nodeipam does nothing. */
  readonly clusterCidr?: string;
  /** Default 24. */
  readonly nodeCidrMaskSize?: number;
  /** A node whose lease was not renewed for so long is no longer trusted. Default 40 s. */
  readonly nodeMonitorGraceSeconds?: number;
  /** How fast the pods of nodes that are not ready begin to move; what is left out is as in Kubernetes. */
  readonly evictionRates?: Partial<EvictionRates>;
  /** Finished pods beyond this number are removed, the oldest first. Default 12,500. */
  readonly terminatedPodThreshold?: number;
  /** PEM text published as `ca.crt` in each namespace's `kube-root-ca.crt`. */
  readonly rootCa?: string;
  /** Signs certificate requests; without it (the API with its CA runs elsewhere) none are signed here. */
  readonly signer?: CertificateSigner;
  /** Signs service account tokens; without it secrets get none here. */
  readonly tokens?: TokenSigner;
}

/** The key of the cluster's service account tokens, as far as controllers need it. */
export interface TokenSigner {
  /** Whom tokens are for: the API. */
  readonly audience: string;
  sign(
    claims: {
      readonly namespace: string;
      readonly serviceAccount: { readonly name: string; readonly uid: string };
      readonly secret: { readonly name: string; readonly uid: string };
    },
    options: { audiences: readonly string[]; seconds: number; now: Date },
  ): Promise<{ readonly token: string }>;
}

/** The cluster's certificate authority, as far as controllers need it. */
export interface CertificateSigner {
  /** PEM in, PEM out. Throws an Error of one line for a request that cannot be signed. */
  signRequest(request: string, options: { usages: readonly string[]; seconds: number }): Promise<string>;
}
