import type { Client } from '@wheelhouse/shared/client/client';
import type { EventRecorder } from '@wheelhouse/shared/client/event-recorder';
import type { Clock } from '@wheelhouse/shared/clock';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, Service } from 'kubernetes-types/core/v1';
import type { Logger } from 'pino';
import type { ContainerRuntime, RegistryCredentials } from '../../runtime/runtime';
import type { WatchedConfigSource } from '../config-source';
import type { StatusWriter } from '../status-writer';
import type { PersistentVolumes } from '../volumes/persistent-volumes';
import type { IssuedToken, TokenWish } from '../volumes/token-keeper';
import type { ImagePuller } from './image-puller';
import type { PodAddresses } from './pod-addresses';

/** What all pod workers of a kubelet share. */
export interface PodContext {
  readonly client: Client;
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly statuses: StatusWriter;
  readonly images: ImagePuller;
  readonly config: WatchedConfigSource;
  readonly persistentVolumes: PersistentVolumes;
  readonly hostIp: string;
  readonly dnsIp: string | undefined;
  readonly clusterDomain: string;
  /** Holds one directory for each pod, named by its uid. */
  readonly podsDirectory: string;
  readonly allocatable: Readonly<Record<string, string>>;
  /** Undefined until the node has been given its range. */
  addresses(): PodAddresses | undefined;
  /** Resolves once the services are known. */
  services(): Promise<readonly Stored<Service>[]>;
  serviceAccountToken(pod: Stored<Pod>, wish: TokenWish): Promise<IssuedToken>;
  registryCredentials(pod: Stored<Pod>, image: string): Promise<RegistryCredentials | undefined>;
}

export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
